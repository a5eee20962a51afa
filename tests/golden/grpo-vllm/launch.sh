#!/usr/bin/env bash
# 64 samples a step = 8 per device x 2 accumulated x 4 replicas; 1 x 8 h100-80gb, zero2
set -eo pipefail
config_folder="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
readonly config_folder
cd -- "$config_folder"/../../examples
unset "${!PARALLELISM_CONFIG_@}" "${!ACCELERATE_USE_@}"
exec torchrun --standalone --nnodes 1 --nproc_per_node 4 \
  -m trl.scripts.grpo \
  --config "$config_folder"/training_args.json
