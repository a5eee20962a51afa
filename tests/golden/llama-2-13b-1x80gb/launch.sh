#!/usr/bin/env bash
# 32 samples a step = 4 per device x 8 accumulated x 1 replicas; 1 x 1 a100-80gb, ddp
set -eo pipefail
config_folder="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
readonly config_folder
cd -- "$config_folder"/../../examples
unset "${!PARALLELISM_CONFIG_@}" "${!ACCELERATE_USE_@}"
exec torchrun --standalone --nnodes 1 --nproc_per_node 1 \
  train.py \
  "$config_folder"/training_args.json
