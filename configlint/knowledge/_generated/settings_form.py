"""Made from schemas/settings.schema.json by schemas/generate.py: do not edit.

Says in microseconds whether the form is right; what is wrong with it is said elsewhere.
"""

from configlint.core.regex import regex


class JsonSchemaValueException(ValueError):
    """The form is wrong. What is said here is not for users."""

    def __init__(self, message, **rest):
        super().__init__(message)


REGEX_PATTERNS = {
    '^ *((==|!=|<=?|>=?) *[0-9]+(\\.[0-9]+)*|~= *[0-9]+(\\.[0-9]+)+)( *, *((==|!=|<=?|>=?) *[0-9]+(\\.[0-9]+)*|~= *[0-9]+(\\.[0-9]+)+))* *$': regex('^ *((==|!=|<=?|>=?) *[0-9]+(\\.[0-9]+)*|~= *[0-9]+(\\.[0-9]+)+)( *, *((==|!=|<=?|>=?) *[0-9]+(\\.[0-9]+)*|~= *[0-9]+(\\.[0-9]+)+))* *\\Z'),
    '^[0-9]+\\.[0-9]+(\\.[0-9a-z]+)*$': regex('^[0-9]+\\.[0-9]+(\\.[0-9a-z]+)*\\Z'),
    '^([1-9][0-9]*x)?[1-9][0-9]*x[A-Za-z][A-Za-z0-9._-]*$': regex('^([1-9][0-9]*x)?[1-9][0-9]*x[A-Za-z][A-Za-z0-9._-]*\\Z')
}

NoneType = type(None)

def validate(data: object, custom_formats: object = {}, name_prefix: str | None = None) -> None:
    if not isinstance(data, (dict)):
        raise JsonSchemaValueException("" + (name_prefix or "data") + " must be object")
    data_is_dict = isinstance(data, dict)
    if data_is_dict:
        data_keys = set(data.keys())
        if "select" in data_keys:
            data_keys.remove("select")
            data__select = data["select"]
            if not isinstance(data__select, (list, tuple)):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".select must be array")
            data__select_is_list = isinstance(data__select, (list, tuple))
            if data__select_is_list:
                data__select_len = len(data__select)
                for data__select_x, data__select_item in enumerate(data__select):
                    if not isinstance(data__select_item, (str)):
                        raise JsonSchemaValueException("" + (name_prefix or "data") + ".select[{data__select_x}]".format(**locals()) + " must be string")
        if "ignore" in data_keys:
            data_keys.remove("ignore")
            data__ignore = data["ignore"]
            if not isinstance(data__ignore, (list, tuple)):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".ignore must be array")
            data__ignore_is_list = isinstance(data__ignore, (list, tuple))
            if data__ignore_is_list:
                data__ignore_len = len(data__ignore)
                for data__ignore_x, data__ignore_item in enumerate(data__ignore):
                    if not isinstance(data__ignore_item, (str)):
                        raise JsonSchemaValueException("" + (name_prefix or "data") + ".ignore[{data__ignore_x}]".format(**locals()) + " must be string")
        if "per-file" in data_keys:
            data_keys.remove("per-file")
            data__perfile = data["per-file"]
            if not isinstance(data__perfile, (dict)):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".per-file must be object")
            data__perfile_is_dict = isinstance(data__perfile, dict)
            if data__perfile_is_dict:
                data__perfile_keys = set(data__perfile.keys())
                for data__perfile_key in data__perfile_keys:
                    if data__perfile_key not in []:
                        data__perfile_value = data__perfile.get(data__perfile_key)
                        if not isinstance(data__perfile_value, (list, tuple)):
                            raise JsonSchemaValueException("" + (name_prefix or "data") + ".per-file.{data__perfile_key}".format(**locals()) + " must be array")
                        data__perfile_value_is_list = isinstance(data__perfile_value, (list, tuple))
                        if data__perfile_value_is_list:
                            data__perfile_value_len = len(data__perfile_value)
                            for data__perfile_value_x, data__perfile_value_item in enumerate(data__perfile_value):
                                if not isinstance(data__perfile_value_item, (str)):
                                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".per-file.{data__perfile_key}[{data__perfile_value_x}]".format(**locals()) + " must be string")
        if "severity" in data_keys:
            data_keys.remove("severity")
            data__severity = data["severity"]
            if not isinstance(data__severity, (dict)):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".severity must be object")
            data__severity_is_dict = isinstance(data__severity, dict)
            if data__severity_is_dict:
                data__severity_keys = set(data__severity.keys())
                for data__severity_key in data__severity_keys:
                    if data__severity_key not in []:
                        data__severity_value = data__severity.get(data__severity_key)
                        if not isinstance(data__severity_value, (str)):
                            raise JsonSchemaValueException("" + (name_prefix or "data") + ".severity.{data__severity_key}".format(**locals()) + " must be string")
                        if not (isinstance(data__severity_value, str) and data__severity_value == 'error' or isinstance(data__severity_value, str) and data__severity_value == 'warning' or isinstance(data__severity_value, str) and data__severity_value == 'info'):
                            raise JsonSchemaValueException("" + (name_prefix or "data") + ".severity.{data__severity_key}".format(**locals()) + " must be one of ['error', 'warning', 'info']")
        if "required-version" in data_keys:
            data_keys.remove("required-version")
            data__requiredversion = data["required-version"]
            if not isinstance(data__requiredversion, (str)):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".required-version must be string")
            if isinstance(data__requiredversion, str):
                if not REGEX_PATTERNS['^ *((==|!=|<=?|>=?) *[0-9]+(\\.[0-9]+)*|~= *[0-9]+(\\.[0-9]+)+)( *, *((==|!=|<=?|>=?) *[0-9]+(\\.[0-9]+)*|~= *[0-9]+(\\.[0-9]+)+))* *$'].search(data__requiredversion):
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".required-version must match pattern ^ *((==|!=|<=?|>=?) *[0-9]+(\\.[0-9]+)*|~= *[0-9]+(\\.[0-9]+)+)( *, *((==|!=|<=?|>=?) *[0-9]+(\\.[0-9]+)*|~= *[0-9]+(\\.[0-9]+)+))* *$")
        if "transformers" in data_keys:
            data_keys.remove("transformers")
            data__transformers = data["transformers"]
            if not isinstance(data__transformers, (str)):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".transformers must be string")
            if isinstance(data__transformers, str):
                if not REGEX_PATTERNS['^[0-9]+\\.[0-9]+(\\.[0-9a-z]+)*$'].search(data__transformers):
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".transformers must match pattern ^[0-9]+\\.[0-9]+(\\.[0-9a-z]+)*$")
        if "trl" in data_keys:
            data_keys.remove("trl")
            data__trl = data["trl"]
            if not isinstance(data__trl, (str)):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".trl must be string")
            if isinstance(data__trl, str):
                if not REGEX_PATTERNS['^[0-9]+\\.[0-9]+(\\.[0-9a-z]+)*$'].search(data__trl):
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".trl must match pattern ^[0-9]+\\.[0-9]+(\\.[0-9a-z]+)*$")
        if "hardware" in data_keys:
            data_keys.remove("hardware")
            data__hardware = data["hardware"]
            if not isinstance(data__hardware, (str)):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".hardware must be string")
            if isinstance(data__hardware, str):
                if not REGEX_PATTERNS['^([1-9][0-9]*x)?[1-9][0-9]*x[A-Za-z][A-Za-z0-9._-]*$'].search(data__hardware):
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".hardware must match pattern ^([1-9][0-9]*x)?[1-9][0-9]*x[A-Za-z][A-Za-z0-9._-]*$")
        if "format" in data_keys:
            data_keys.remove("format")
            data__format = data["format"]
            if not isinstance(data__format, (dict)):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".format must be object")
            data__format_is_dict = isinstance(data__format, dict)
            if data__format_is_dict:
                data__format_keys = set(data__format.keys())
                for data__format_key in data__format_keys:
                    if data__format_key not in []:
                        data__format_value = data__format.get(data__format_key)
                        if not isinstance(data__format_value, (str)):
                            raise JsonSchemaValueException("" + (name_prefix or "data") + ".format.{data__format_key}".format(**locals()) + " must be string")
        if "exclude" in data_keys:
            data_keys.remove("exclude")
            data__exclude = data["exclude"]
            if not isinstance(data__exclude, (list, tuple)):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".exclude must be array")
            data__exclude_is_list = isinstance(data__exclude, (list, tuple))
            if data__exclude_is_list:
                data__exclude_len = len(data__exclude)
                for data__exclude_x, data__exclude_item in enumerate(data__exclude):
                    if not isinstance(data__exclude_item, (str)):
                        raise JsonSchemaValueException("" + (name_prefix or "data") + ".exclude[{data__exclude_x}]".format(**locals()) + " must be string")
        if "include" in data_keys:
            data_keys.remove("include")
            data__include = data["include"]
            if not isinstance(data__include, (list, tuple)):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".include must be array")
            data__include_is_list = isinstance(data__include, (list, tuple))
            if data__include_is_list:
                data__include_len = len(data__include)
                for data__include_x, data__include_item in enumerate(data__include):
                    if not isinstance(data__include_item, (str)):
                        raise JsonSchemaValueException("" + (name_prefix or "data") + ".include[{data__include_x}]".format(**locals()) + " must be string")
        if data_keys:
            raise JsonSchemaValueException("" + (name_prefix or "data") + " must not contain "+str(data_keys)+" properties")
    return data
