"""The arithmetic at the heart: effective = per_device x accumulation x replicas.

The solver chooses by it, and the rules name by it what could be chosen instead; and which degrees of parallelism
go together, for the rules and the back ends.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import count
from math import gcd

from configlint.core.plan import Batch, Parallel

# More is a slip of the finger, and nothing is computed with it: devices of all nodes, samples of an optimizer step.
MOST_DEVICES = 2**20
MOST_SAMPLES = 2**40
# A number of devices or samples that is more by itself has the wrong form: schema/out-of-range says so.
MOST_IN_FORM = 10**9
# Divisors below are tried one by one.
_TRIED = 100


def reachable(batch: Batch, target: int, replicas: int) -> tuple[int, int | None]:
    """The batches nearest to `target` that can be trained: at or below it, and at or above it.

    They are the multiples of replicas x the pinned factors. The first is the smallest there is where
    none is below; the second is None where none is above, as a bound of the per-device batch beside
    a pinned accumulation brings about.
    """
    unit = replicas * (batch.pinned_per_device or 1) * (batch.pinned_accumulation or 1)
    below, above = max(target // unit, 1), -(-target // unit)
    most = batch.max_per_device if batch.pinned_accumulation else None
    if most is not None and above > most:
        return unit * min(below, most), None
    return unit * below, unit * above


def nearest_reachable(batch: Batch, target: int, replicas: int) -> int:
    """The nearest batch that can be trained; of two as near, the smaller."""
    below, above = reachable(batch, target, replicas)
    return above if above is not None and above - target < abs(target - below) else below


def split(batch: Batch, total: int, replicas: int) -> tuple[int, int]:
    """(per_device, accumulation) of a total that can be reached.

    What is pinned stays. Without a pin, the per-device batch is the largest divisor of what falls to a
    replica within its bound and the memory, and 1 where neither is known.
    """
    share = total // replicas
    if batch.pinned_per_device:
        return batch.pinned_per_device, share // batch.pinned_per_device
    if batch.pinned_accumulation:
        return share // batch.pinned_accumulation, batch.pinned_accumulation
    bounds = [bound for bound in (batch.max_per_device, batch.fitting) if bound]
    most = min(bounds, default=1)
    per_device = divisors(share, most)[-1] if most > 1 else 1
    return per_device, share // per_device


@lru_cache(1000)
def divisors(number: int, most: int | None = None) -> tuple[int, ...]:
    """Those up to `most`, the smallest first."""
    found = [1]
    for prime, times in Counter(_prime_factors(number)).items():
        found = [divisor * prime**power for power in range(times + 1) for divisor in found]
    return tuple(sorted(divisor for divisor in found if divisor <= (most or number)))


def _prime_factors(number: int) -> Iterator[int]:
    """In no order. To try all divisors up to the root takes a million steps near 2**40, this a thousand; what makes
    a usual batch is found by trying."""
    for divisor in (2, *range(3, _TRIED, 2)):
        while number % divisor == 0:
            yield divisor
            number //= divisor
    parts = [number] if number > 1 else []
    while parts:
        part = parts.pop()
        if part < _TRIED**2 or _is_prime(part):
            yield part
        else:
            factor = _factor(part)
            parts += [factor, part // factor]


def _is_prime(number: int) -> bool:
    """Of an odd number, by Miller and Rabin; these bases are enough below 2**41 (Jaeschke, 1993)."""
    twos = ((number - 1) & (1 - number)).bit_length() - 1

    def passes(base: int) -> bool:
        power = pow(base, number >> twos, number)
        return power == 1 or any(pow(power, 1 << times, number) == number - 1 for times in range(twos))

    return all(map(passes, (2, 3, 5, 7, 11, 13)))


def _factor(number: int) -> int:
    """A factor of an odd number that is no prime, by Pollard's rho."""
    for start in count(1):
        slow = fast = 2
        factor = 1
        while factor == 1:
            slow = (slow * slow + start) % number
            fast = (fast * fast + start) % number
            fast = (fast * fast + start) % number
            factor = gcd(slow - fast, number)
        if factor != number:
            break
    return factor


def last_that(fits: Callable[[int], bool], sizes: Sequence[int]) -> int | None:
    """The last of some sizes, the smallest first, that fits, None where none does; what is larger never takes less.
    `fits` is asked for it after all others that fit."""
    low, high = 0, len(sizes)
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if fits(sizes[middle]) else (low, middle)
    return sizes[low - 1] if low else None


def is_power_of_two(number: int) -> bool:
    return number & (number - 1) == 0


def misfit(parallel: Parallel) -> tuple[str, str] | None:
    """Two sizes of a mesh, by their names, that are not built together; None where they all fit.

    Source: accelerate 1.15 parallelism_config.py, ParallelismConfig.__post_init__ and _validate_accelerator;
    transformers 5.23 distributed/configuration_utils.py, which has neither context nor sequence.
    """
    data, zero = parallel.data, parallel.uses_deepspeed
    used = [name for name in ("tensor", "context", "sequence") if getattr(parallel, name) != 1]
    if len(used) > 1:
        return used[0], used[1]
    if ("context" in used and data != "fsdp") or ("sequence" in used and not zero):
        return used[0], "data"
    if data != "fsdp" or parallel.copies == 1:
        return None
    if parallel.copies is None:
        return "shard", "replicas"
    # Of a tensor-parallel model, whole copies are as good as shards.
    return ("shard", "copies") if parallel.shard == 1 and "tensor" not in used else None
