#!/usr/bin/env bash
# 32 samples a step = 2 per device x 8 accumulated x 2 replicas; 1 x 2 rtx-4090, ddp
set -eo pipefail
here="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
cd -- "$here"/../../examples
exec torchrun --standalone --nproc_per_node 2 \
  train.py \
  "$here"/training_args.json
