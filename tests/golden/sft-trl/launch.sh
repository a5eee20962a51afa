#!/usr/bin/env bash
# 64 samples a step = 4 per device x 2 accumulated x 8 replicas; 1 x 8 a100-80gb, ddp
set -eo pipefail
config_folder="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
readonly config_folder
cd -- "$config_folder"/../../examples
unset "${!PARALLELISM_CONFIG_@}" "${!ACCELERATE_USE_@}"
exec torchrun --standalone --nnodes 1 --nproc_per_node 8 \
  -m trl.scripts.sft \
  --config "$config_folder"/training_args.json
