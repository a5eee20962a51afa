"""Made from schemas/spec.schema.json by schemas/generate.py: do not edit.

Says in microseconds whether the form is right; what is wrong with it is said elsewhere.
"""

from configlint.core.regex import regex


class JsonSchemaValueException(ValueError):
    """The form is wrong. What is said here is not for users."""

    def __init__(self, message, **rest):
        super().__init__(message)


REGEX_PATTERNS = {
    '^[A-Za-z0-9][A-Za-z0-9_-]*$': regex('^[A-Za-z0-9][A-Za-z0-9_-]*\\Z'),
    '\\S': regex('\\S'),
    '^[A-Za-z_][A-Za-z0-9_]*(\\.[A-Za-z_][A-Za-z0-9_]*)*$': regex('^[A-Za-z_][A-Za-z0-9_]*(\\.[A-Za-z_][A-Za-z0-9_]*)*\\Z'),
    '^[A-Za-z_][A-Za-z0-9_]*$': regex('^[A-Za-z_][A-Za-z0-9_]*\\Z'),
    '^[A-Za-z][A-Za-z0-9_-]*$': regex('^[A-Za-z][A-Za-z0-9_-]*\\Z'),
    '^[0-9]+\\.[0-9]+$': regex('^[0-9]+\\.[0-9]+\\Z'),
    '^[0-9]+\\.[0-9]+(\\.[0-9]+)?$': regex('^[0-9]+\\.[0-9]+(\\.[0-9]+)?\\Z')
}

NoneType = type(None)

def validate(data: object, custom_formats: object = {}, name_prefix: str | None = None) -> None:
    if not isinstance(data, (dict)):
        raise JsonSchemaValueException("" + (name_prefix or "data") + " must be object")
    data_is_dict = isinstance(data, dict)
    if data_is_dict:
        data_keys = set(data.keys())
        if "configlint" in data_keys:
            data_keys.remove("configlint")
            data__configlint = data["configlint"]
            if not (isinstance(data__configlint, (int, float)) and not isinstance(data__configlint, bool) and data__configlint == 1):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".configlint must be one of [1]")
        if "extends" in data_keys:
            data_keys.remove("extends")
            data__extends = data["extends"]
            if not isinstance(data__extends, (str, NoneType)):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".extends must be string or null")
            if isinstance(data__extends, str):
                data__extends_len = len(data__extends)
                if data__extends_len < 1:
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".extends must be longer than or equal to 1 characters")
        if "transformers" in data_keys:
            data_keys.remove("transformers")
            data__transformers = data["transformers"]
            validate___definitions_transformers(data__transformers, custom_formats, (name_prefix or "data") + ".transformers")
        if "trl" in data_keys:
            data_keys.remove("trl")
            data__trl = data["trl"]
            validate___definitions_trl(data__trl, custom_formats, (name_prefix or "data") + ".trl")
        if "trainer" in data_keys:
            data_keys.remove("trainer")
            data__trainer = data["trainer"]
            validate___definitions_trainer(data__trainer, custom_formats, (name_prefix or "data") + ".trainer")
        if "model" in data_keys:
            data_keys.remove("model")
            data__model = data["model"]
            validate___definitions_model(data__model, custom_formats, (name_prefix or "data") + ".model")
        if "tuning" in data_keys:
            data_keys.remove("tuning")
            data__tuning = data["tuning"]
            validate___definitions_tuning(data__tuning, custom_formats, (name_prefix or "data") + ".tuning")
        if "batch" in data_keys:
            data_keys.remove("batch")
            data__batch = data["batch"]
            validate___definitions_batch(data__batch, custom_formats, (name_prefix or "data") + ".batch")
        if "hardware" in data_keys:
            data_keys.remove("hardware")
            data__hardware = data["hardware"]
            validate___definitions_hardware(data__hardware, custom_formats, (name_prefix or "data") + ".hardware")
        if "parallel" in data_keys:
            data_keys.remove("parallel")
            data__parallel = data["parallel"]
            validate___definitions_parallel(data__parallel, custom_formats, (name_prefix or "data") + ".parallel")
        if "data" in data_keys:
            data_keys.remove("data")
            data__data = data["data"]
            validate___definitions_data(data__data, custom_formats, (name_prefix or "data") + ".data")
        if "training" in data_keys:
            data_keys.remove("training")
            data__training = data["training"]
            validate___definitions_training(data__training, custom_formats, (name_prefix or "data") + ".training")
        if "arguments" in data_keys:
            data_keys.remove("arguments")
            data__arguments = data["arguments"]
            validate___definitions_arguments(data__arguments, custom_formats, (name_prefix or "data") + ".arguments")
        if "launch" in data_keys:
            data_keys.remove("launch")
            data__launch = data["launch"]
            validate___definitions_launch(data__launch, custom_formats, (name_prefix or "data") + ".launch")
        if "targets" in data_keys:
            data_keys.remove("targets")
            data__targets = data["targets"]
            if not isinstance(data__targets, (dict, NoneType)):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".targets must be object or null")
            data__targets_is_dict = isinstance(data__targets, dict)
            if data__targets_is_dict:
                data__targets_keys = set(data__targets.keys())
                for data__targets_key in data__targets_keys:
                    if data__targets_key not in []:
                        data__targets_value = data__targets.get(data__targets_key)
                        validate___definitions_target(data__targets_value, custom_formats, (name_prefix or "data") + ".targets.{data__targets_key}".format(**locals()))
                data__targets_len = len(data__targets)
                if data__targets_len != 0:
                    data__targets_property_names = True
                    for data__targets_key in data__targets:
                        try:
                            if isinstance(data__targets_key, str):
                                if not REGEX_PATTERNS['^[A-Za-z0-9][A-Za-z0-9_-]*$'].search(data__targets_key):
                                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".targets must match pattern ^[A-Za-z0-9][A-Za-z0-9_-]*$")
                        except JsonSchemaValueException:
                            data__targets_property_names = False
                    if not data__targets_property_names:
                        raise JsonSchemaValueException("" + (name_prefix or "data") + ".targets must be named by propertyName definition")
        if data_keys:
            raise JsonSchemaValueException("" + (name_prefix or "data") + " must not contain "+str(data_keys)+" properties")
    return data

def validate___definitions_target(data, custom_formats={}, name_prefix=None):
    if not isinstance(data, (dict, NoneType)):
        raise JsonSchemaValueException("" + (name_prefix or "data") + " must be object or null")
    data_is_dict = isinstance(data, dict)
    if data_is_dict:
        data_keys = set(data.keys())
        if "transformers" in data_keys:
            data_keys.remove("transformers")
            data__transformers = data["transformers"]
            validate___definitions_transformers(data__transformers, custom_formats, (name_prefix or "data") + ".transformers")
        if "trl" in data_keys:
            data_keys.remove("trl")
            data__trl = data["trl"]
            validate___definitions_trl(data__trl, custom_formats, (name_prefix or "data") + ".trl")
        if "trainer" in data_keys:
            data_keys.remove("trainer")
            data__trainer = data["trainer"]
            validate___definitions_trainer(data__trainer, custom_formats, (name_prefix or "data") + ".trainer")
        if "model" in data_keys:
            data_keys.remove("model")
            data__model = data["model"]
            validate___definitions_model(data__model, custom_formats, (name_prefix or "data") + ".model")
        if "tuning" in data_keys:
            data_keys.remove("tuning")
            data__tuning = data["tuning"]
            validate___definitions_tuning(data__tuning, custom_formats, (name_prefix or "data") + ".tuning")
        if "batch" in data_keys:
            data_keys.remove("batch")
            data__batch = data["batch"]
            validate___definitions_batch(data__batch, custom_formats, (name_prefix or "data") + ".batch")
        if "hardware" in data_keys:
            data_keys.remove("hardware")
            data__hardware = data["hardware"]
            validate___definitions_hardware(data__hardware, custom_formats, (name_prefix or "data") + ".hardware")
        if "parallel" in data_keys:
            data_keys.remove("parallel")
            data__parallel = data["parallel"]
            validate___definitions_parallel(data__parallel, custom_formats, (name_prefix or "data") + ".parallel")
        if "data" in data_keys:
            data_keys.remove("data")
            data__data = data["data"]
            validate___definitions_data(data__data, custom_formats, (name_prefix or "data") + ".data")
        if "training" in data_keys:
            data_keys.remove("training")
            data__training = data["training"]
            validate___definitions_training(data__training, custom_formats, (name_prefix or "data") + ".training")
        if "arguments" in data_keys:
            data_keys.remove("arguments")
            data__arguments = data["arguments"]
            validate___definitions_arguments(data__arguments, custom_formats, (name_prefix or "data") + ".arguments")
        if "launch" in data_keys:
            data_keys.remove("launch")
            data__launch = data["launch"]
            validate___definitions_launch(data__launch, custom_formats, (name_prefix or "data") + ".launch")
        if data_keys:
            raise JsonSchemaValueException("" + (name_prefix or "data") + " must not contain "+str(data_keys)+" properties")
    return data

def validate___definitions_launch(data, custom_formats={}, name_prefix=None):
    if not isinstance(data, (dict, NoneType)):
        raise JsonSchemaValueException("" + (name_prefix or "data") + " must be object or null")
    data_is_dict = isinstance(data, dict)
    if data_is_dict:
        data_keys = set(data.keys())
        if "script" in data_keys:
            data_keys.remove("script")
            data__script = data["script"]
            if not isinstance(data__script, (str, NoneType)):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".script must be string or null")
            if isinstance(data__script, str):
                if not REGEX_PATTERNS['\\S'].search(data__script):
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".script must match pattern \\S")
        if "module" in data_keys:
            data_keys.remove("module")
            data__module = data["module"]
            if not isinstance(data__module, (str, NoneType)):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".module must be string or null")
            if isinstance(data__module, str):
                if not REGEX_PATTERNS['^[A-Za-z_][A-Za-z0-9_]*(\\.[A-Za-z_][A-Za-z0-9_]*)*$'].search(data__module):
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".module must match pattern ^[A-Za-z_][A-Za-z0-9_]*(\\.[A-Za-z_][A-Za-z0-9_]*)*$")
        if "config_flag" in data_keys:
            data_keys.remove("config_flag")
            data__configflag = data["config_flag"]
            if not isinstance(data__configflag, (str, NoneType)):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".config_flag must be string or null")
        if "workdir" in data_keys:
            data_keys.remove("workdir")
            data__workdir = data["workdir"]
            if not isinstance(data__workdir, (str, NoneType)):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".workdir must be string or null")
            if isinstance(data__workdir, str):
                if not REGEX_PATTERNS['\\S'].search(data__workdir):
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".workdir must match pattern \\S")
        if "launcher" in data_keys:
            data_keys.remove("launcher")
            data__launcher = data["launcher"]
            if not (isinstance(data__launcher, str) and data__launcher == 'torchrun' or isinstance(data__launcher, str) and data__launcher == 'accelerate' or data__launcher is None):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".launcher must be one of ['torchrun', 'accelerate', None]")
        if "env" in data_keys:
            data_keys.remove("env")
            data__env = data["env"]
            if not isinstance(data__env, (dict, NoneType)):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".env must be object or null")
            data__env_is_dict = isinstance(data__env, dict)
            if data__env_is_dict:
                data__env_keys = set(data__env.keys())
                for data__env_key in data__env_keys:
                    if data__env_key not in []:
                        data__env_value = data__env.get(data__env_key)
                        if not isinstance(data__env_value, (str, int, float, bool, NoneType)):
                            raise JsonSchemaValueException("" + (name_prefix or "data") + ".env.{data__env_key}".format(**locals()) + " must be string or number or boolean or null")
                data__env_len = len(data__env)
                if data__env_len != 0:
                    data__env_property_names = True
                    for data__env_key in data__env:
                        try:
                            if isinstance(data__env_key, str):
                                if not REGEX_PATTERNS['^[A-Za-z_][A-Za-z0-9_]*$'].search(data__env_key):
                                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".env must match pattern ^[A-Za-z_][A-Za-z0-9_]*$")
                        except JsonSchemaValueException:
                            data__env_property_names = False
                    if not data__env_property_names:
                        raise JsonSchemaValueException("" + (name_prefix or "data") + ".env must be named by propertyName definition")
        if "setup" in data_keys:
            data_keys.remove("setup")
            data__setup = data["setup"]
            if not isinstance(data__setup, (str, NoneType)):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".setup must be string or null")
        if "slurm" in data_keys:
            data_keys.remove("slurm")
            data__slurm = data["slurm"]
            if not isinstance(data__slurm, (dict, NoneType)):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".slurm must be object or null")
            data__slurm_is_dict = isinstance(data__slurm, dict)
            if data__slurm_is_dict:
                data__slurm_keys = set(data__slurm.keys())
                for data__slurm_key in data__slurm_keys:
                    if data__slurm_key not in []:
                        data__slurm_value = data__slurm.get(data__slurm_key)
                        if not isinstance(data__slurm_value, (str, int, float, bool, NoneType)):
                            raise JsonSchemaValueException("" + (name_prefix or "data") + ".slurm.{data__slurm_key}".format(**locals()) + " must be string or number or boolean or null")
                data__slurm_len = len(data__slurm)
                if data__slurm_len != 0:
                    data__slurm_property_names = True
                    for data__slurm_key in data__slurm:
                        try:
                            if isinstance(data__slurm_key, str):
                                if not REGEX_PATTERNS['^[A-Za-z][A-Za-z0-9_-]*$'].search(data__slurm_key):
                                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".slurm must match pattern ^[A-Za-z][A-Za-z0-9_-]*$")
                        except JsonSchemaValueException:
                            data__slurm_property_names = False
                    if not data__slurm_property_names:
                        raise JsonSchemaValueException("" + (name_prefix or "data") + ".slurm must be named by propertyName definition")
        if data_keys:
            raise JsonSchemaValueException("" + (name_prefix or "data") + " must not contain "+str(data_keys)+" properties")
    return data

def validate___definitions_arguments(data, custom_formats={}, name_prefix=None):
    if not isinstance(data, (dict, NoneType)):
        raise JsonSchemaValueException("" + (name_prefix or "data") + " must be object or null")
    return data

def validate___definitions_training(data, custom_formats={}, name_prefix=None):
    if not isinstance(data, (dict, NoneType)):
        raise JsonSchemaValueException("" + (name_prefix or "data") + " must be object or null")
    return data

def validate___definitions_data(data, custom_formats={}, name_prefix=None):
    if not isinstance(data, (dict, NoneType)):
        raise JsonSchemaValueException("" + (name_prefix or "data") + " must be object or null")
    data_is_dict = isinstance(data, dict)
    if data_is_dict:
        data_keys = set(data.keys())
        if "train_examples" in data_keys:
            data_keys.remove("train_examples")
            data__trainexamples = data["train_examples"]
            if not isinstance(data__trainexamples, (int, NoneType)) and not (isinstance(data__trainexamples, float) and data__trainexamples.is_integer()) or isinstance(data__trainexamples, bool):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".train_examples must be integer or null")
            if isinstance(data__trainexamples, (int, float)) and not isinstance(data__trainexamples, bool):
                if data__trainexamples < 1:
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".train_examples must be bigger than or equal to 1")
        if "eval_examples" in data_keys:
            data_keys.remove("eval_examples")
            data__evalexamples = data["eval_examples"]
            if not isinstance(data__evalexamples, (int, NoneType)) and not (isinstance(data__evalexamples, float) and data__evalexamples.is_integer()) or isinstance(data__evalexamples, bool):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".eval_examples must be integer or null")
            if isinstance(data__evalexamples, (int, float)) and not isinstance(data__evalexamples, bool):
                if data__evalexamples < 0:
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".eval_examples must be bigger than or equal to 0")
        if "packed" in data_keys:
            data_keys.remove("packed")
            data__packed = data["packed"]
            if not isinstance(data__packed, (bool, NoneType)):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".packed must be boolean or null")
        if "streaming" in data_keys:
            data_keys.remove("streaming")
            data__streaming = data["streaming"]
            if not isinstance(data__streaming, (bool, NoneType)):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".streaming must be boolean or null")
        if data_keys:
            raise JsonSchemaValueException("" + (name_prefix or "data") + " must not contain "+str(data_keys)+" properties")
    return data

def validate___definitions_parallel(data, custom_formats={}, name_prefix=None):
    if not isinstance(data, (dict, NoneType)):
        raise JsonSchemaValueException("" + (name_prefix or "data") + " must be object or null")
    data_is_dict = isinstance(data, dict)
    if data_is_dict:
        data_keys = set(data.keys())
        if "data" in data_keys:
            data_keys.remove("data")
            data__data = data["data"]
            if not (isinstance(data__data, str) and data__data == 'ddp' or isinstance(data__data, str) and data__data == 'fsdp' or isinstance(data__data, str) and data__data == 'zero0' or isinstance(data__data, str) and data__data == 'zero1' or isinstance(data__data, str) and data__data == 'zero2' or isinstance(data__data, str) and data__data == 'zero3' or data__data is None):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".data must be one of ['ddp', 'fsdp', 'zero0', 'zero1', 'zero2', 'zero3', None]")
        if "shard" in data_keys:
            data_keys.remove("shard")
            data__shard = data["shard"]
            if not isinstance(data__shard, (int, NoneType)) and not (isinstance(data__shard, float) and data__shard.is_integer()) or isinstance(data__shard, bool):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".shard must be integer or null")
            if isinstance(data__shard, (int, float)) and not isinstance(data__shard, bool):
                if data__shard < 1:
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".shard must be bigger than or equal to 1")
                if data__shard > 1000000000:
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".shard must be smaller than or equal to 1000000000")
        if "tensor" in data_keys:
            data_keys.remove("tensor")
            data__tensor = data["tensor"]
            if not isinstance(data__tensor, (int, NoneType)) and not (isinstance(data__tensor, float) and data__tensor.is_integer()) or isinstance(data__tensor, bool):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".tensor must be integer or null")
            if isinstance(data__tensor, (int, float)) and not isinstance(data__tensor, bool):
                if data__tensor < 1:
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".tensor must be bigger than or equal to 1")
                if data__tensor > 1000000000:
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".tensor must be smaller than or equal to 1000000000")
        if "context" in data_keys:
            data_keys.remove("context")
            data__context = data["context"]
            if not isinstance(data__context, (int, NoneType)) and not (isinstance(data__context, float) and data__context.is_integer()) or isinstance(data__context, bool):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".context must be integer or null")
            if isinstance(data__context, (int, float)) and not isinstance(data__context, bool):
                if data__context < 1:
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".context must be bigger than or equal to 1")
                if data__context > 1000000000:
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".context must be smaller than or equal to 1000000000")
        if "sequence" in data_keys:
            data_keys.remove("sequence")
            data__sequence = data["sequence"]
            if not isinstance(data__sequence, (int, NoneType)) and not (isinstance(data__sequence, float) and data__sequence.is_integer()) or isinstance(data__sequence, bool):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".sequence must be integer or null")
            if isinstance(data__sequence, (int, float)) and not isinstance(data__sequence, bool):
                if data__sequence < 1:
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".sequence must be bigger than or equal to 1")
                if data__sequence > 1000000000:
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".sequence must be smaller than or equal to 1000000000")
        if "fsdp" in data_keys:
            data_keys.remove("fsdp")
            data__fsdp = data["fsdp"]
            if not isinstance(data__fsdp, (dict, NoneType)):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".fsdp must be object or null")
        if "deepspeed" in data_keys:
            data_keys.remove("deepspeed")
            data__deepspeed = data["deepspeed"]
            if not isinstance(data__deepspeed, (dict, NoneType)):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".deepspeed must be object or null")
        if data_keys:
            raise JsonSchemaValueException("" + (name_prefix or "data") + " must not contain "+str(data_keys)+" properties")
    return data

def validate___definitions_hardware(data, custom_formats={}, name_prefix=None):
    if not isinstance(data, (dict, NoneType)):
        raise JsonSchemaValueException("" + (name_prefix or "data") + " must be object or null")
    data_is_dict = isinstance(data, dict)
    if data_is_dict:
        data_keys = set(data.keys())
        if "accelerator" in data_keys:
            data_keys.remove("accelerator")
            data__accelerator = data["accelerator"]
            if not isinstance(data__accelerator, (str, dict, NoneType)):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".accelerator must be string or object or null")
            if isinstance(data__accelerator, str):
                data__accelerator_len = len(data__accelerator)
                if data__accelerator_len < 1:
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".accelerator must be longer than or equal to 1 characters")
            data__accelerator_is_dict = isinstance(data__accelerator, dict)
            if data__accelerator_is_dict:
                data__accelerator__missing_keys = set(['name', 'memory']) - data__accelerator.keys()
                if data__accelerator__missing_keys:
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".accelerator must contain ")
                data__accelerator_keys = set(data__accelerator.keys())
                if "name" in data__accelerator_keys:
                    data__accelerator_keys.remove("name")
                    data__accelerator__name = data__accelerator["name"]
                    if not isinstance(data__accelerator__name, (str)):
                        raise JsonSchemaValueException("" + (name_prefix or "data") + ".accelerator.name must be string")
                    if isinstance(data__accelerator__name, str):
                        data__accelerator__name_len = len(data__accelerator__name)
                        if data__accelerator__name_len < 1:
                            raise JsonSchemaValueException("" + (name_prefix or "data") + ".accelerator.name must be longer than or equal to 1 characters")
                if "memory" in data__accelerator_keys:
                    data__accelerator_keys.remove("memory")
                    data__accelerator__memory = data__accelerator["memory"]
                    if not isinstance(data__accelerator__memory, (int, float)) or isinstance(data__accelerator__memory, bool):
                        raise JsonSchemaValueException("" + (name_prefix or "data") + ".accelerator.memory must be number")
                    if isinstance(data__accelerator__memory, (int, float)) and not isinstance(data__accelerator__memory, bool):
                        if data__accelerator__memory <= 0:
                            raise JsonSchemaValueException("" + (name_prefix or "data") + ".accelerator.memory must be bigger than 0")
                if "vendor" in data__accelerator_keys:
                    data__accelerator_keys.remove("vendor")
                    data__accelerator__vendor = data__accelerator["vendor"]
                    if not (isinstance(data__accelerator__vendor, str) and data__accelerator__vendor == 'nvidia' or isinstance(data__accelerator__vendor, str) and data__accelerator__vendor == 'amd' or isinstance(data__accelerator__vendor, str) and data__accelerator__vendor == 'intel' or isinstance(data__accelerator__vendor, str) and data__accelerator__vendor == 'cpu'):
                        raise JsonSchemaValueException("" + (name_prefix or "data") + ".accelerator.vendor must be one of ['nvidia', 'amd', 'intel', 'cpu']")
                if "compute_capability" in data__accelerator_keys:
                    data__accelerator_keys.remove("compute_capability")
                    data__accelerator__computecapability = data__accelerator["compute_capability"]
                    if not isinstance(data__accelerator__computecapability, (str)):
                        raise JsonSchemaValueException("" + (name_prefix or "data") + ".accelerator.compute_capability must be string")
                    if isinstance(data__accelerator__computecapability, str):
                        if not REGEX_PATTERNS['^[0-9]+\\.[0-9]+$'].search(data__accelerator__computecapability):
                            raise JsonSchemaValueException("" + (name_prefix or "data") + ".accelerator.compute_capability must match pattern ^[0-9]+\\.[0-9]+$")
                if "dtypes" in data__accelerator_keys:
                    data__accelerator_keys.remove("dtypes")
                    data__accelerator__dtypes = data__accelerator["dtypes"]
                    if not isinstance(data__accelerator__dtypes, (list, tuple)):
                        raise JsonSchemaValueException("" + (name_prefix or "data") + ".accelerator.dtypes must be array")
                    data__accelerator__dtypes_is_list = isinstance(data__accelerator__dtypes, (list, tuple))
                    if data__accelerator__dtypes_is_list:
                        data__accelerator__dtypes_len = len(data__accelerator__dtypes)
                        for data__accelerator__dtypes_x, data__accelerator__dtypes_item in enumerate(data__accelerator__dtypes):
                            if not (isinstance(data__accelerator__dtypes_item, str) and data__accelerator__dtypes_item == 'float64' or isinstance(data__accelerator__dtypes_item, str) and data__accelerator__dtypes_item == 'float32' or isinstance(data__accelerator__dtypes_item, str) and data__accelerator__dtypes_item == 'tf32' or isinstance(data__accelerator__dtypes_item, str) and data__accelerator__dtypes_item == 'float16' or isinstance(data__accelerator__dtypes_item, str) and data__accelerator__dtypes_item == 'bfloat16' or isinstance(data__accelerator__dtypes_item, str) and data__accelerator__dtypes_item == 'float8'):
                                raise JsonSchemaValueException("" + (name_prefix or "data") + ".accelerator.dtypes[{data__accelerator__dtypes_x}]".format(**locals()) + " must be one of ['float64', 'float32', 'tf32', 'float16', 'bfloat16', 'float8']")
                if data__accelerator_keys:
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".accelerator must not contain "+str(data__accelerator_keys)+" properties")
        if "devices_per_node" in data_keys:
            data_keys.remove("devices_per_node")
            data__devicespernode = data["devices_per_node"]
            if not isinstance(data__devicespernode, (int, NoneType)) and not (isinstance(data__devicespernode, float) and data__devicespernode.is_integer()) or isinstance(data__devicespernode, bool):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".devices_per_node must be integer or null")
            if isinstance(data__devicespernode, (int, float)) and not isinstance(data__devicespernode, bool):
                if data__devicespernode < 1:
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".devices_per_node must be bigger than or equal to 1")
                if data__devicespernode > 1000000000:
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".devices_per_node must be smaller than or equal to 1000000000")
        if "nodes" in data_keys:
            data_keys.remove("nodes")
            data__nodes = data["nodes"]
            if not isinstance(data__nodes, (int, NoneType)) and not (isinstance(data__nodes, float) and data__nodes.is_integer()) or isinstance(data__nodes, bool):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".nodes must be integer or null")
            if isinstance(data__nodes, (int, float)) and not isinstance(data__nodes, bool):
                if data__nodes < 1:
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".nodes must be bigger than or equal to 1")
                if data__nodes > 1000000000:
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".nodes must be smaller than or equal to 1000000000")
        if "reserved" in data_keys:
            data_keys.remove("reserved")
            data__reserved = data["reserved"]
            if not isinstance(data__reserved, (int, NoneType)) and not (isinstance(data__reserved, float) and data__reserved.is_integer()) or isinstance(data__reserved, bool):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".reserved must be integer or null")
            if isinstance(data__reserved, (int, float)) and not isinstance(data__reserved, bool):
                if data__reserved < 0:
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".reserved must be bigger than or equal to 0")
                if data__reserved > 1000000000:
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".reserved must be smaller than or equal to 1000000000")
        if "headroom" in data_keys:
            data_keys.remove("headroom")
            data__headroom = data["headroom"]
            if not isinstance(data__headroom, (int, float, NoneType)) or isinstance(data__headroom, bool):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".headroom must be number or null")
            if isinstance(data__headroom, (int, float)) and not isinstance(data__headroom, bool):
                if data__headroom < 0:
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".headroom must be bigger than or equal to 0")
                if data__headroom >= 1:
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".headroom must be smaller than 1")
        if data_keys:
            raise JsonSchemaValueException("" + (name_prefix or "data") + " must not contain "+str(data_keys)+" properties")
    return data

def validate___definitions_batch(data, custom_formats={}, name_prefix=None):
    if not isinstance(data, (dict, NoneType)):
        raise JsonSchemaValueException("" + (name_prefix or "data") + " must be object or null")
    data_is_dict = isinstance(data, dict)
    if data_is_dict:
        data_keys = set(data.keys())
        if "effective" in data_keys:
            data_keys.remove("effective")
            data__effective = data["effective"]
            if not isinstance(data__effective, (int, NoneType)) and not (isinstance(data__effective, float) and data__effective.is_integer()) or isinstance(data__effective, bool):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".effective must be integer or null")
            if isinstance(data__effective, (int, float)) and not isinstance(data__effective, bool):
                if data__effective < 1:
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".effective must be bigger than or equal to 1")
                if data__effective > 1000000000:
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".effective must be smaller than or equal to 1000000000")
        if "effective_tokens" in data_keys:
            data_keys.remove("effective_tokens")
            data__effectivetokens = data["effective_tokens"]
            if not isinstance(data__effectivetokens, (int, NoneType)) and not (isinstance(data__effectivetokens, float) and data__effectivetokens.is_integer()) or isinstance(data__effectivetokens, bool):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".effective_tokens must be integer or null")
            if isinstance(data__effectivetokens, (int, float)) and not isinstance(data__effectivetokens, bool):
                if data__effectivetokens < 1:
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".effective_tokens must be bigger than or equal to 1")
                if data__effectivetokens > 1000000000000:
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".effective_tokens must be smaller than or equal to 1000000000000")
        if "per_device" in data_keys:
            data_keys.remove("per_device")
            data__perdevice = data["per_device"]
            if not isinstance(data__perdevice, (int, dict, NoneType)) and not (isinstance(data__perdevice, float) and data__perdevice.is_integer()) or isinstance(data__perdevice, bool):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".per_device must be integer or object or null")
            if isinstance(data__perdevice, (int, float)) and not isinstance(data__perdevice, bool):
                if data__perdevice < 1:
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".per_device must be bigger than or equal to 1")
                if data__perdevice > 1000000000:
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".per_device must be smaller than or equal to 1000000000")
            data__perdevice_is_dict = isinstance(data__perdevice, dict)
            if data__perdevice_is_dict:
                data__perdevice__missing_keys = set(['max']) - data__perdevice.keys()
                if data__perdevice__missing_keys:
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".per_device must contain ")
                data__perdevice_keys = set(data__perdevice.keys())
                if "max" in data__perdevice_keys:
                    data__perdevice_keys.remove("max")
                    data__perdevice__max = data__perdevice["max"]
                    if not isinstance(data__perdevice__max, (int)) and not (isinstance(data__perdevice__max, float) and data__perdevice__max.is_integer()) or isinstance(data__perdevice__max, bool):
                        raise JsonSchemaValueException("" + (name_prefix or "data") + ".per_device.max must be integer")
                    if isinstance(data__perdevice__max, (int, float)) and not isinstance(data__perdevice__max, bool):
                        if data__perdevice__max < 1:
                            raise JsonSchemaValueException("" + (name_prefix or "data") + ".per_device.max must be bigger than or equal to 1")
                        if data__perdevice__max > 1000000000:
                            raise JsonSchemaValueException("" + (name_prefix or "data") + ".per_device.max must be smaller than or equal to 1000000000")
                if data__perdevice_keys:
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".per_device must not contain "+str(data__perdevice_keys)+" properties")
        if "accumulation" in data_keys:
            data_keys.remove("accumulation")
            data__accumulation = data["accumulation"]
            if not isinstance(data__accumulation, (int, NoneType)) and not (isinstance(data__accumulation, float) and data__accumulation.is_integer()) or isinstance(data__accumulation, bool):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".accumulation must be integer or null")
            if isinstance(data__accumulation, (int, float)) and not isinstance(data__accumulation, bool):
                if data__accumulation < 1:
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".accumulation must be bigger than or equal to 1")
                if data__accumulation > 1000000000:
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".accumulation must be smaller than or equal to 1000000000")
        if data_keys:
            raise JsonSchemaValueException("" + (name_prefix or "data") + " must not contain "+str(data_keys)+" properties")
    return data

def validate___definitions_tuning(data, custom_formats={}, name_prefix=None):
    if not isinstance(data, (dict, NoneType)):
        raise JsonSchemaValueException("" + (name_prefix or "data") + " must be object or null")
    data_is_dict = isinstance(data, dict)
    if data_is_dict:
        data_keys = set(data.keys())
        if "method" in data_keys:
            data_keys.remove("method")
            data__method = data["method"]
            if not (isinstance(data__method, str) and data__method == 'full' or isinstance(data__method, str) and data__method == 'lora' or isinstance(data__method, str) and data__method == 'qlora' or data__method is None):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".method must be one of ['full', 'lora', 'qlora', None]")
        if "rank" in data_keys:
            data_keys.remove("rank")
            data__rank = data["rank"]
            if not isinstance(data__rank, (int, NoneType)) and not (isinstance(data__rank, float) and data__rank.is_integer()) or isinstance(data__rank, bool):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".rank must be integer or null")
            if isinstance(data__rank, (int, float)) and not isinstance(data__rank, bool):
                if data__rank < 1:
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".rank must be bigger than or equal to 1")
        if "target_modules" in data_keys:
            data_keys.remove("target_modules")
            data__targetmodules = data["target_modules"]
            if not isinstance(data__targetmodules, (str, list, tuple, NoneType)):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".target_modules must be string or array or null")
            data__targetmodules_is_list = isinstance(data__targetmodules, (list, tuple))
            if data__targetmodules_is_list:
                data__targetmodules_len = len(data__targetmodules)
                for data__targetmodules_x, data__targetmodules_item in enumerate(data__targetmodules):
                    if not isinstance(data__targetmodules_item, (str)):
                        raise JsonSchemaValueException("" + (name_prefix or "data") + ".target_modules[{data__targetmodules_x}]".format(**locals()) + " must be string")
        if "alpha" in data_keys:
            data_keys.remove("alpha")
            data__alpha = data["alpha"]
            if not isinstance(data__alpha, (int, NoneType)) and not (isinstance(data__alpha, float) and data__alpha.is_integer()) or isinstance(data__alpha, bool):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".alpha must be integer or null")
            if isinstance(data__alpha, (int, float)) and not isinstance(data__alpha, bool):
                if data__alpha < 1:
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".alpha must be bigger than or equal to 1")
        if "dropout" in data_keys:
            data_keys.remove("dropout")
            data__dropout = data["dropout"]
            if not isinstance(data__dropout, (int, float, NoneType)) or isinstance(data__dropout, bool):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".dropout must be number or null")
            if isinstance(data__dropout, (int, float)) and not isinstance(data__dropout, bool):
                if data__dropout < 0:
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".dropout must be bigger than or equal to 0")
                if data__dropout >= 1:
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".dropout must be smaller than 1")
        if "modules_to_save" in data_keys:
            data_keys.remove("modules_to_save")
            data__modulestosave = data["modules_to_save"]
            if not isinstance(data__modulestosave, (list, tuple, NoneType)):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".modules_to_save must be array or null")
            data__modulestosave_is_list = isinstance(data__modulestosave, (list, tuple))
            if data__modulestosave_is_list:
                data__modulestosave_len = len(data__modulestosave)
                for data__modulestosave_x, data__modulestosave_item in enumerate(data__modulestosave):
                    if not isinstance(data__modulestosave_item, (str)):
                        raise JsonSchemaValueException("" + (name_prefix or "data") + ".modules_to_save[{data__modulestosave_x}]".format(**locals()) + " must be string")
        if "dora" in data_keys:
            data_keys.remove("dora")
            data__dora = data["dora"]
            if not isinstance(data__dora, (bool, NoneType)):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".dora must be boolean or null")
        if "bits" in data_keys:
            data_keys.remove("bits")
            data__bits = data["bits"]
            if not isinstance(data__bits, (int, NoneType)) and not (isinstance(data__bits, float) and data__bits.is_integer()) or isinstance(data__bits, bool):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".bits must be integer or null")
            if not (isinstance(data__bits, (int, float)) and not isinstance(data__bits, bool) and data__bits == 4 or isinstance(data__bits, (int, float)) and not isinstance(data__bits, bool) and data__bits == 8 or data__bits is None):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".bits must be one of [4, 8, None]")
        if data_keys:
            raise JsonSchemaValueException("" + (name_prefix or "data") + " must not contain "+str(data_keys)+" properties")
    return data

def validate___definitions_model(data, custom_formats={}, name_prefix=None):
    if not isinstance(data, (dict, NoneType)):
        raise JsonSchemaValueException("" + (name_prefix or "data") + " must be object or null")
    data_is_dict = isinstance(data, dict)
    if data_is_dict:
        data_keys = set(data.keys())
        if "config" in data_keys:
            data_keys.remove("config")
            data__config = data["config"]
            if not isinstance(data__config, (str, NoneType)):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".config must be string or null")
            if isinstance(data__config, str):
                data__config_len = len(data__config)
                if data__config_len < 1:
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".config must be longer than or equal to 1 characters")
        if "sequence_length" in data_keys:
            data_keys.remove("sequence_length")
            data__sequencelength = data["sequence_length"]
            if not isinstance(data__sequencelength, (int, NoneType)) and not (isinstance(data__sequencelength, float) and data__sequencelength.is_integer()) or isinstance(data__sequencelength, bool):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".sequence_length must be integer or null")
            if isinstance(data__sequencelength, (int, float)) and not isinstance(data__sequencelength, bool):
                if data__sequencelength < 1:
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".sequence_length must be bigger than or equal to 1")
        if "attention" in data_keys:
            data_keys.remove("attention")
            data__attention = data["attention"]
            if not isinstance(data__attention, (str, NoneType)):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".attention must be string or null")
        if "dtype" in data_keys:
            data_keys.remove("dtype")
            data__dtype = data["dtype"]
            if not (isinstance(data__dtype, str) and data__dtype == 'float32' or isinstance(data__dtype, str) and data__dtype == 'bfloat16' or isinstance(data__dtype, str) and data__dtype == 'float16' or isinstance(data__dtype, str) and data__dtype == 'auto' or data__dtype is None):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".dtype must be one of ['float32', 'bfloat16', 'float16', 'auto', None]")
        if "task" in data_keys:
            data_keys.remove("task")
            data__task = data["task"]
            if not (isinstance(data__task, str) and data__task == 'causal-lm' or isinstance(data__task, str) and data__task == 'masked-lm' or isinstance(data__task, str) and data__task == 'seq2seq' or isinstance(data__task, str) and data__task == 'sequence-classification' or isinstance(data__task, str) and data__task == 'token-classification' or isinstance(data__task, str) and data__task == 'question-answering' or isinstance(data__task, str) and data__task == 'multiple-choice' or isinstance(data__task, str) and data__task == 'image-text-to-text' or isinstance(data__task, str) and data__task == 'image-classification' or isinstance(data__task, str) and data__task == 'audio-classification' or isinstance(data__task, str) and data__task == 'speech-seq2seq' or isinstance(data__task, str) and data__task == 'feature-extraction' or data__task is None):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".task must be one of ['causal-lm', 'masked-lm', 'seq2seq', 'sequence-classification', 'token-classification', 'question-answering', 'multiple-choice', 'image-text-to-text', 'image-classification', 'audio-classification', 'speech-seq2seq', 'feature-extraction', None]")
        if data_keys:
            raise JsonSchemaValueException("" + (name_prefix or "data") + " must not contain "+str(data_keys)+" properties")
    return data

def validate___definitions_trainer(data, custom_formats={}, name_prefix=None):
    if not isinstance(data, (str, NoneType)):
        raise JsonSchemaValueException("" + (name_prefix or "data") + " must be string or null")
    if isinstance(data, str):
        data_len = len(data)
        if data_len < 1:
            raise JsonSchemaValueException("" + (name_prefix or "data") + " must be longer than or equal to 1 characters")
    return data

def validate___definitions_trl(data, custom_formats={}, name_prefix=None):
    if not isinstance(data, (str, NoneType)):
        raise JsonSchemaValueException("" + (name_prefix or "data") + " must be string or null")
    if isinstance(data, str):
        if not REGEX_PATTERNS['^[0-9]+\\.[0-9]+(\\.[0-9]+)?$'].search(data):
            raise JsonSchemaValueException("" + (name_prefix or "data") + " must match pattern ^[0-9]+\\.[0-9]+(\\.[0-9]+)?$")
    return data

def validate___definitions_transformers(data, custom_formats={}, name_prefix=None):
    if not isinstance(data, (str, NoneType)):
        raise JsonSchemaValueException("" + (name_prefix or "data") + " must be string or null")
    if isinstance(data, str):
        if not REGEX_PATTERNS['^[0-9]+\\.[0-9]+(\\.[0-9]+)?$'].search(data):
            raise JsonSchemaValueException("" + (name_prefix or "data") + " must match pattern ^[0-9]+\\.[0-9]+(\\.[0-9]+)?$")
    return data
