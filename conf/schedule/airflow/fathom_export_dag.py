"""The nightly export as an Airflow DAG, which retries it depending on the exit code.

fathom-export is installed on the worker (FATHOM_EXPORT_HOME), and its settings read their secrets from files.
For Airflow 2.4 or newer. Since 3.0, SubprocessHook is in the standard provider.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone

from airflow import DAG
from airflow.exceptions import AirflowException, AirflowFailException
from airflow.models import BaseOperator

try:
    from airflow.providers.standard.hooks.subprocess import SubprocessHook
except ImportError:
    from airflow.hooks.subprocess import SubprocessHook

HOME = os.environ.get("FATHOM_EXPORT_HOME", "/srv/fathom-export")

# A failure of disk or database (74), or "try again later" (75): the next attempt continues where this one stopped.
# With all other exit codes, another attempt would end in the same way.
WORTH_REPEATING = {74, 75}


class FathomExportOperator(BaseOperator):
    """Runs one command of fathom-export."""

    template_fields = ("arguments",)

    def __init__(self, *, arguments: list[str], **kwargs) -> None:
        super().__init__(**kwargs)
        self.arguments = arguments
        self.hook = None

    def execute(self, context) -> None:
        self.hook = SubprocessHook()
        task = context["ti"]
        # With tries left, exit code 75 is not yet reported by `notify:`.
        left = max(0, task.max_tries + 1 - task.try_number)
        variables = {**os.environ, "FATHOM_EXPORT_TRIES_LEFT": str(left)}
        command = [f"{HOME}/fathom-export", *self.arguments]
        code = self.hook.run_command(command, env=variables, cwd=HOME).exit_code
        if code in WORTH_REPEATING:
            raise AirflowException(f"fathom-export ended with {code}: tried again")
        if code != 0:
            raise AirflowFailException(f"fathom-export ended with {code}: trying again would bring the same")

    def on_kill(self) -> None:
        # It ends within 25 s.
        if self.hook is not None:
            self.hook.send_sigterm()


with DAG(
    dag_id="fathom_export_nightly",
    schedule="30 12 * * *",  # UTC: when yesterday is over on all the earth
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,  # a run looks back by itself
    max_active_runs=1,
) as dag:
    FathomExportOperator(
        task_id="run_nightly",
        arguments=["run", "nightly"],
        retries=3,
        retry_delay=timedelta(minutes=20),
    )


# Started by hand, with the first and the last day as parameters.
with DAG(
    dag_id="fathom_export_backfill",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    max_active_runs=1,
    params={"first": "2026-01-01", "last": "2026-01-31"},
) as backfill:
    FathomExportOperator(
        task_id="backfill_nightly",
        arguments=["backfill", "nightly", "--from", "{{ params.first }}", "--to", "{{ params.last }}"],
        retries=20,
        retry_delay=timedelta(minutes=20),
    )
