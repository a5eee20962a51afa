"""Made from schemas/settings.schema.json by schemas/generate.py: do not edit.

Says in microseconds whether the form is right; what is wrong with it is said elsewhere.
"""

import re


class JsonSchemaValueException(ValueError):
    """The form is wrong. What is said here is not for users."""

    def __init__(self, message, **rest):
        super().__init__(message)


REGEX_PATTERNS = {
    '^[0-9]+\\.[0-9]+(\\.[0-9a-z]+)*$': re.compile('^[0-9]+\\.[0-9]+(\\.[0-9a-z]+)*\\Z'),
    '^([1-9][0-9]*x)?[1-9][0-9]*x[A-Za-z][A-Za-z0-9._-]*$': re.compile('^([1-9][0-9]*x)?[1-9][0-9]*x[A-Za-z][A-Za-z0-9._-]*\\Z')
}

NoneType = type(None)

def validate(data: object, custom_formats: object = {}, name_prefix: str | None = None) -> None:
    if not isinstance(data, (dict)):
        raise JsonSchemaValueException("" + (name_prefix or "data") + " must be object")
    data_is_dict = isinstance(data, dict)
    if data_is_dict:
        data_keys = set(data.keys())
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
