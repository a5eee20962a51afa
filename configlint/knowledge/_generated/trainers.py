"""Made from configlint/knowledge/trainers.yaml by schemas/generate.py: do not edit."""

from __future__ import annotations

from configlint.core.typing import Any

ROWS: dict[str, dict[str, Any]] = {
    'Trainer': {'fine_tunes': True, 'pretrains': True, 'modelled': True, 'reentrant_until': (5, 0)},
    'Seq2SeqTrainer': {'modelled': True, 'reentrant_until': (5, 0)},
    'SFTTrainer': {'script': 'trl.scripts.sft', 'fine_tunes': True, 'modelled': True, 'prepares_quantized': ((0, 9), (0, 26)), 'pads_to': 'pad_to_multiple_of', 'chunked_loss': ((1, 4), (1, 7), (1, 15)), 'undivided_losses': ('dft',), 'undispatched': (0, 27)},
    'DPOTrainer': {'script': 'trl.scripts.dpo', 'modelled': True, 'prepares_quantized': ((0, 9), (0, 29)), 'pairs': True, 'reference_unless': 'precompute_ref_log_probs', 'scores': True, 'chunked_loss': ((1, 15), (1, 15), (1, 15)), 'null_length': (512, (0, 12)), 'whole_logits': (((0, 9), 1, 1.5, 1.5), ((0, 12), 1, 0, 0), ((0, 15), 0.5, 0, 0), ((0, 29), 1.5, 1, 2), ((1, 6), 1, 0, 1), ((1, 14), 0.5, 0, 0)), 'unlabelled': True, 'undispatched': (0, 27)},
    'KTOTrainer': {'script': 'trl.scripts.kto', 'modelled': True, 'prepares_quantized': ((0, 9), (1, 4)), 'reference_unless': 'precompute_ref_log_probs', 'scores': True, 'chunked_loss': ((1, 15), (1, 15), (1, 15)), 'null_length': (512, (1, 4)), 'whole_logits': (((0, 9), 2, 1, 1), ((0, 12), 1, 1, 1), ((1, 6), 1, 2, 3), ((1, 7), 0, 1, 2), ((1, 8), 1, 1, 2), ((1, 9), 1.5, 0, 1), ((1, 14), 1.5, 0, 0)), 'unlabelled': True, 'undispatched': (1, 8)},
    'RewardTrainer': {'script': 'trl.scripts.reward', 'modelled': True, 'prepares_quantized': ((0, 22), (0, 26)), 'pairs': True, 'task': 'sequence-classification', 'unlabelled': True, 'undispatched': (0, 27)},
    'GRPOTrainer': {'script': 'trl.scripts.grpo', 'modelled': True, 'prepares_quantized': ((0, 22), (0, 26)), 'reference_with': 'beta', 'scores': True, 'chunked_loss': ((1, 15), (1, 15), (1, 15)), 'generates': True, 'completions': (0, 15), 'refused_streams': ((0, 17), (1, 9))},
    'RLOOTrainer': {'script': 'trl.scripts.rloo', 'modelled': True, 'prepares_quantized': ((0, 22), (0, 27)), 'reference_with': 'beta', 'scores': True, 'chunked_loss': ((1, 15), (1, 15), (1, 15)), 'generates': True, 'completions': (0, 22), 'refused_streams': ((0, 22), (1, 9))},
    'DistillationTrainer': {'script': 'trl.scripts.distillation', 'generates': True},
    'ORPOTrainer': {'modelled': True, 'pairs': True, 'scores': True, 'nll_unless': {}, 'null_length': (512, None), 'prepares_quantized': ((0, 9), None), 'unlabelled': True},
    'CPOTrainer': {'modelled': True, 'pairs': True, 'scores': True, 'nll_unless': {'cpo_alpha': 0, 'loss_type': 'alphapo'}, 'null_length': (512, None), 'prepares_quantized': ((0, 9), None), 'unlabelled': True},
}
