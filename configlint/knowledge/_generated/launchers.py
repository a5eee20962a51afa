"""Made from configlint/knowledge/launchers.yaml by schemas/generate.py: do not edit."""

from __future__ import annotations

from configlint.core.typing import Any

ROWS: dict[str, dict[str, Any]] = {
    'torchrun': {'package': 'torch', 'command': ('torchrun',), 'one_node': ('--standalone', '--nnodes', '1', '--nproc_per_node', '{processes}'), 'several_nodes': ('--nproc_per_node', '{processes}', '--nnodes', '{nodes}'), 'rendezvous': ('--node_rank', '--master_addr', '--master_port')},
    'accelerate': {'package': 'accelerate', 'command': ('accelerate', 'launch'), 'config': ('--config_file', 'accelerate.yaml'), 'rendezvous': ('--machine_rank', '--main_process_ip', '--main_process_port')},
}
