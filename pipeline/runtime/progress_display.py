"""The terminal of `gelombang run`: one line per task of the wave, a bar where photographs are verified."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column

from pipeline.domain.errors import GelombangError


class Display:
    """A progress listener that draws on a terminal. Elsewhere (CI, a pipe) it prints a line per finished task."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.error: BaseException | None = None
        self._lines: dict[str, TaskID] = {}
        self._progress = Progress(
            SpinnerColumn(finished_text="[green]✓"),
            TextColumn("{task.description:<14}"),
            BarColumn(bar_width=10),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn(
                "{task.fields[counts]}", style="dim", markup=False, table_column=Column(ratio=1, overflow="fold")
            ),
            console=console,
            disable=not console.is_terminal,
            redirect_stdout=False,  # what Airflow prints goes to the log file, and never above the bars
            redirect_stderr=False,
            expand=True,
            refresh_per_second=4,
        )

    def __enter__(self) -> Display:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def started(self, task: str) -> None:
        """A task begins."""
        self._lines[task] = self._progress.add_task(task, total=1, counts="")

    def advanced(self, task: str, done: int, total: int) -> None:
        """A long task has done so many of so many."""
        if task in self._lines:
            self._progress.update(self._lines[task], completed=done, total=total)

    def finished(self, task: str, counts: dict[str, Any]) -> None:
        """A task is done; its counts are shown in its line."""
        shown = ", ".join(f"{name} {value}" for name, value in counts.items() if isinstance(value, int | str))
        line = self._lines[task]
        total = self._progress.tasks[line].total if not self._progress.disable else 1
        self._progress.update(line, completed=total, counts=shown)
        if not self.console.is_terminal:
            self.console.print(f"✓ {task:<18} {shown}", markup=False, highlight=False)

    def failed(self, task: str, error: BaseException) -> None:
        """A task failed: the first error is the one that is shown to people."""
        self.error = self.error or error
        named = isinstance(error, GelombangError)
        self.console.print("✗", style="red", end=" ")
        self.console.print(task + ("" if named else f": {type(error).__name__}"), markup=False, highlight=False)
