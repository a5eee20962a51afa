#!/usr/bin/env bash
# 64 samples a step = 1 per device x 8 accumulated x 8 replicas; 1 x 8 h100-80gb, fsdp
set -eo pipefail
here="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
cd -- "$here"/../../examples
exec torchrun --standalone --nproc_per_node 8 \
  train.py \
  "$here"/training_args.json
