#!/usr/bin/env bash
# 64 samples a step = 4 per device x 2 accumulated x 8 replicas; 1 x 8 a100-80gb, zero2
set -eo pipefail
here="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
cd -- "$here"/../../../examples
exec torchrun --standalone --nproc_per_node 8 \
  train.py \
  "$here"/training_args.json
