"""The data map: which file and which column has personal data, whose it is, how long it is kept."""

from __future__ import annotations

from pipeline.domain import contracts
from pipeline.domain.contracts.layout import Place, places
from pipeline.domain.contracts.personal import NONE, kind_of, kinds
from pipeline.domain.settings import Settings
from tools.reference.markdown import table

#: What `layout.toml` calls a time that is no setting.
_KEPT = {
    "always": "no period deletes it",
    "hand": "until somebody deletes it",
    "run": "until the next run, or its end",
    "sender": "as the sender says",
}
_DATA_MAP = """# Data map

Where personal data lies, of which kind it is, whose it is and how long it is kept. Made from
`pipeline/domain/contracts/` and from the defaults of the [settings](settings.md); a test walks a finished data root and
compares. What the columns mean is in [Files](files.md), why they are needed in the
[record of processing](../explanation/record-of-processing.md).

## Kinds

The last column is that of UU PDP art. 4: *specific* data is protected more.

{kinds}
## Files below the data root

*sender*: delivered, and answered for by the sender; *programme*: made here. *owner*: mode 0600, for the user that
runs the pipeline. Days count from the wave's closing day, of descriptors from the publication. On a data root elsewhere
the store's own rights and rules of deletion hold.

{places}
Outside the data root: keys, the reviewers' list and how far the record went (`GELOMBANG_SECRETS`); Airflow's home
(`GELOMBANG_STATE`), with runs, forms, approvers' names and task logs, no NIK and no applicant's name.
"""


def _kept(place: Place) -> str:
    """How long a place is kept: a setting with its default, or words."""
    if place.kept in _KEPT:
        return _KEPT[place.kept]
    group, name = place.kept.split(".")
    days = getattr(getattr(Settings.model_construct(), group), name)
    return f"{days} days: `GELOMBANG_{group.upper()}__{name.upper()}`"


def _lies(direction: str, name: str) -> str:
    """The places that name a table, else a file of a run's work, else where the command writes it."""
    named = [place.path for place in places() if place.table == f"{direction} {name}"]
    if not named and direction == "WORK":
        named = [f"work/wave-*/{name}"]
    return ", ".join(f"`{path}`" for path in named) or "Where the command writes it"


def _people(direction: str, contract: contracts.Table) -> str:
    """A table's columns by kind of personal data."""
    by_kind: dict[str, list[str]] = {}
    for column in contract.columns:
        by_kind.setdefault(kind_of(contract, column).name, []).append(f"`{column.name}`")
    rows = [[name, ", ".join(by_kind[name])] for name in kinds() if name in by_kind]
    where = f"{contract.says} {_lies(direction, contract.name)}."
    return f"\n### {contract.name}\n\n{where}\n\n{table(['kind', 'columns'], rows)}"


def data_map_page() -> str:
    """Every file and every column: whose it is, whether it is personal data, how long it is kept."""
    kind_rows = [
        [f"`{kind.name}`", kind.en, kind.id, "–" if kind.name == NONE else "specific" if kind.specific else "general"]
        for kind in kinds().values()
    ]
    place_rows = [[f"`{p.path}`", p.says, p.whose, p.reads, p.about, _kept(p)] for p in places()]
    page = _DATA_MAP.format(
        kinds=table(["kind", "what", "Indonesian", "art. 4"], kind_rows),
        places=table(["where", "what", "whose", "who reads", "about", "kept"], place_rows),
    )
    for direction, head in {
        "IN": "Tables that come in",
        "OUT": "Tables handed out",
        "WORK": "Tables between tasks",
    }.items():
        page += f"\n## {head}\n"
        page += "".join(_people(direction, one) for one in getattr(contracts, direction).values())
    return page
