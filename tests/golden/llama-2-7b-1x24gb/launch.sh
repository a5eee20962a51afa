#!/usr/bin/env bash
# 32 samples a step = 1 per device x 32 accumulated x 1 replicas; 1 x 1 rtx-4090, ddp
set -eo pipefail
here="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
cd -- "$here"/../../examples
exec torchrun --standalone --nproc_per_node 1 \
  train.py \
  "$here"/training_args.json
