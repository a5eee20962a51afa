#!/usr/bin/env bash
# 32 samples a step = 2 per device x 8 accumulated x 2 replicas; 1 x 2 rtx-4090, ddp
set -eo pipefail
config_folder="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
readonly config_folder
cd -- "$config_folder"/../../examples
unset "${!PARALLELISM_CONFIG_@}" "${!ACCELERATE_USE_@}"
exec torchrun --standalone --nnodes 1 --nproc_per_node 2 \
  train.py \
  "$config_folder"/training_args.json
