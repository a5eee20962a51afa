#!/usr/bin/env bash
# 128 samples per step = 4 per device x 1 accumulated x 32 replicas; 4 x 8 h100-80gb, fsdp
set -eo pipefail
config_folder="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
readonly config_folder
compiled_with="2920340168 443"
if [[ -z $CONFIGLINT_ANY_CONFIG && $(cksum <"$config_folder/training_args.json") != "$compiled_with" ]]; then
  echo "launch.sh: training_args.json is not the file that launch.sh was compiled with:" \
    "compile again, or set CONFIGLINT_ANY_CONFIG=1 to train with it anyway" >&2
  exit 1
fi
cd -- "$config_folder"/../../examples
export NCCL_DEBUG=WARN
# Left over from another job, these would change what is trained.
unset "${!ACCELERATE_DEEPSPEED_@}" "${!ACCELERATE_DYNAMO_@}" "${!ACCELERATE_FP8_@}" "${!ACCELERATE_USE_@}" \
  "${!FSDP_@}" "${!MEGATRON_LM_@}" "${!PARALLELISM_CONFIG_@}" ACCELERATE_CONFIG_DS_FIELDS \
  ACCELERATE_DOWNCAST_BF16 ACCELERATE_GRADIENT_ACCUMULATION_STEPS ACCELERATE_GRADIENT_CLIPPING \
  ACCELERATE_MIXED_PRECISION ACCELERATE_TORCH_DEVICE PET_MASTER_ADDR PET_MASTER_PORT PET_MODULE PET_NNODES \
  PET_NODE_RANK PET_NO_PYTHON PET_NPROC_PER_NODE PET_RDZV_BACKEND PET_RDZV_ENDPOINT PET_RDZV_ID PET_RUN_PATH \
  PET_STANDALONE
export ACCELERATE_USE_PARALLELISM_CONFIG=true
export PARALLELISM_CONFIG_DP_REPLICATE_SIZE=4
export PARALLELISM_CONFIG_DP_SHARD_SIZE=8
export PARALLELISM_CONFIG_CP_SIZE=1
: "${NODE_RANK:?set NODE_RANK to the number of this node, 0 to 3}"
: "${MASTER_ADDR:?set MASTER_ADDR to the address of node 0}"
exec torchrun --nproc_per_node 8 --nnodes 4 \
  --node_rank "$NODE_RANK" --master_addr "$MASTER_ADDR" --master_port "${MASTER_PORT:-29500}" \
  train.py \
  "$config_folder"/training_args.json
