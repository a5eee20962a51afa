#!/usr/bin/env bash
# 64 samples per step = 4 per device x 2 accumulated x 8 replicas; 1 x 8 a100-80gb, ddp
set -eo pipefail
config_folder="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
readonly config_folder
compiled_with="895689237 468"
if [[ -z $CONFIGLINT_ANY_CONFIG && $(cksum <"$config_folder/training_args.json") != "$compiled_with" ]]; then
  echo "launch.sh: training_args.json is not the file that launch.sh was compiled with:" \
    "compile again, or set CONFIGLINT_ANY_CONFIG=1 to train with it anyway" >&2
  exit 1
fi
cd -- "$config_folder"/../../examples
# Left over from another job, these would change what is trained.
unset "${!ACCELERATE_DEEPSPEED_@}" "${!ACCELERATE_DYNAMO_@}" "${!ACCELERATE_FP8_@}" "${!ACCELERATE_USE_@}" \
  "${!FSDP_@}" "${!MEGATRON_LM_@}" "${!PARALLELISM_CONFIG_@}" ACCELERATE_CONFIG_DS_FIELDS \
  ACCELERATE_DOWNCAST_BF16 ACCELERATE_GRADIENT_ACCUMULATION_STEPS ACCELERATE_GRADIENT_CLIPPING \
  ACCELERATE_MIXED_PRECISION ACCELERATE_TORCH_DEVICE PET_MASTER_ADDR PET_MASTER_PORT PET_MODULE PET_NNODES \
  PET_NODE_RANK PET_NO_PYTHON PET_NPROC_PER_NODE PET_RDZV_BACKEND PET_RDZV_ENDPOINT PET_RDZV_ID PET_RUN_PATH \
  PET_STANDALONE
exec torchrun --standalone --nnodes 1 --nproc_per_node 8 \
  -m trl.scripts.sft \
  --config "$config_folder"/training_args.json
