#!/usr/bin/env bash
# 16 samples a step = 1 per device x 8 accumulated x 2 replicas; 1 x 2 cpu, ddp
set -eo pipefail
here="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
cd -- "$here"/../../examples
exec torchrun --standalone --nproc_per_node 2 \
  tiny.py \
  "$here"/training_args.json
