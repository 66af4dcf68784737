"""A photograph that ends its worker is found by halving, and costs nobody else a verdict."""

from __future__ import annotations

from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from pipeline.domain.errors import SelfieSystemError
from pipeline.domain.settings import settings
from pipeline.selfie import verify, worker_pool
from pipeline.selfie.verdict import Measurement, PhotoPair


class Pool:
    """Workers that die, or run out of memory, when they look at certain photographs."""

    def __init__(self, deadly, error, always):
        self.deadly, self.error, self.always, self.broken, self.looked = deadly, error, always, False, []

    def submit(self, _, job):
        if self.broken and self.error is BrokenProcessPool:
            raise BrokenProcessPool
        future: Future[list[verify._Looked]] = Future()
        self.looked.append(len(job[0]))
        if self.always or any({pair.selfie, pair.reference} & self.deadly for pair in job[0]):
            self.broken = True
            future.set_exception(self.error())
        else:
            measured = [Measurement(faces=int(p.selfie[1:]), reference_seen=bool(p.reference)) for p in job[0]]
            future.set_result([verify._Looked(one) for one in measured])
        return future


class Pools:
    """In place of ``worker_pool._pool``: one pool, and another once it is broken and was given up."""

    def __init__(self, deadly, error, always):
        self.of, self.last, self.cleared = (deadly, error, always), Pool(deadly, error, always), False

    def __call__(self, _):
        if self.last.broken and self.cleared:
            self.last, self.cleared = Pool(*self.of), False
        return self.last

    def cache_clear(self):
        self.cleared = True


@pytest.fixture
def run(monkeypatch):
    def run(pairs, deadly, error=BrokenProcessPool, always=False, batch=4, workers=2):
        monkeypatch.setattr(worker_pool, "_pool", Pools(deadly, error, always))
        batches = [tuple(pairs[i : i + batch]) for i in range(0, len(pairs), batch)]
        jobs = ((some, Path(), Path(), "model", None, None, LIMITS, False) for some in batches)
        found = worker_pool.in_order(verify._measure, jobs, workers, verify._halved)
        return [looked.measurement for measured in found for looked in measured]

    return run


LIMITS = settings().selfie.limits()
PAIRS = [PhotoPair(f"s{n}", f"r{n}") for n in range(21)]


@pytest.mark.parametrize("error", [BrokenProcessPool, MemoryError])
@pytest.mark.parametrize("deadly", [{"s0"}, {"s6"}, {"s20"}, {"s4", "s5", "s6", "s7"}, {"s1", "s9", "s17"}, set()])
@pytest.mark.parametrize(("batch", "workers"), [(4, 2), (16, 1), (1, 3)])
def test_only_the_photograph_that_ends_its_worker_is_unreadable(run, deadly, error, batch, workers):
    found = run(PAIRS, deadly, error, batch=batch, workers=workers)
    assert [m.faces for m in found if m.problem is None] == [n for n in range(21) if f"s{n}" not in deadly]
    assert [i for i, m in enumerate(found) if m.problem] == [n for n in range(21) if f"s{n}" in deadly]
    assert {m.problem for m in found if m.problem} <= {"selfie_unreadable"}


def test_a_register_photograph_that_ends_a_worker_is_no_fault_of_the_selfie(run):
    found = run(PAIRS, {"r5"})
    assert [m.problem for m in found] == [None] * 21
    assert [m.reference_seen for m in found].count(False) == 1


def test_where_workers_die_of_nothing_the_stage_fails_and_nobody_is_refused(run):
    with pytest.raises(SelfieSystemError, match="whatever they look at"):
        run(PAIRS, set(), always=True)
