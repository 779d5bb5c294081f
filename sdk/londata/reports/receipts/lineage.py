"""A run as OpenLineage events, so that the lineage tools of an organisation know it among their other jobs."""

from __future__ import annotations

import importlib.util
import json
import uuid
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import londata
from londata.errors import MissingExtraError, ReceiptError
from londata.reports.receipts.noted import sources
from londata.reports.receipts.record import Receipt

if TYPE_CHECKING:
    from openlineage.client.event_v2 import InputDataset, OutputDataset, Run, RunEvent

NAMESPACE = "londata"
_REPORTS = "londata-reports"
_PRODUCER = f"urn:londata:{londata.__version__}"
_ENDS = {"completed": "COMPLETE", "failed": "FAIL", "stopped": "ABORT"}
#: Fields of a reading for which OpenLineage has no facet; they travel in one of our own.
_TERMS = ("sha256", "licence", "access", "publisher", "agreement", "project", "purpose", "grant", "decision", "outputs")


def lineage(receipt: Receipt, *, parent: tuple[str, str] | None = None) -> list[RunEvent]:
    """Tell a run as events: its start, and how it ended.

    Parameters
    ----------
    receipt
        The receipt of the run.
    parent
        The batch or schedule that it was part of: the id of its run (a UUID), and its name. The batch that the receipt
        itself names when not given.

    Returns
    -------
    list of RunEvent
        Of the library ``openlineage-python``; its ``Serde`` writes them.

    Raises
    ------
    MissingExtraError
        That library is not installed.
    ReceiptError
        The receipt has an id or a time that an event cannot have.
    """
    if importlib.util.find_spec("openlineage") is None:
        raise MissingExtraError(
            "OpenLineage events need openlineage-python, which is not installed.",
            hint='Install it with: pip install "londata[reports]"',
        )
    from openlineage.client.event_v2 import Job, RunEvent, RunState

    try:
        run, inputs = _run(receipt, parent or receipt.batch), [_input(each) for each in sources(receipt.reads)]
        made: dict[str, list[OutputDataset]] = {"START": [], _ENDS[receipt.status]: _outputs(receipt)}
        moments = {"START": receipt.started, _ENDS[receipt.status]: receipt.ended}
        return [
            RunEvent(
                eventType=RunState(state),
                eventTime=moments[state],
                run=run,
                job=Job(namespace=NAMESPACE, name=receipt.series or receipt.template.name, facets=_job(receipt)),
                inputs=inputs,
                outputs=outputs,
                producer=_PRODUCER,
            )
            for state, outputs in made.items()
        ]
    except ValueError as error:
        raise ReceiptError(
            f"The receipt {receipt.path} cannot be told as events: {error}.",
            hint="Take the receipt that came with the report, as it was written.",
        ) from error


def lineage_lines(receipt: Receipt, *, parent: tuple[str, str] | None = None) -> Iterator[str]:
    """Write the events of a run as JSON, each in one line; see :func:`lineage`.

    Parameters
    ----------
    receipt, parent
        As :func:`lineage` takes them.
    """
    events = lineage(receipt, parent=parent)
    from openlineage.client.serde import Serde

    for event in events:
        yield json.dumps(Serde.to_dict(event), sort_keys=True)


def _run(receipt: Receipt, parent: tuple[str, str] | None) -> Run:
    from openlineage.client import facet_v2 as facets
    from openlineage.client.event_v2 import Run

    parameters = [
        facets.execution_parameters_run.ExecutionParameter(key=name, value=str(value))
        for name, value in receipt.parameters.items()
    ]
    found: dict[str, Any] = {
        "processing_engine": facets.processing_engine_run.ProcessingEngineRunFacet(
            version=receipt.environment.get("londata", ""), name="londata", producer=_PRODUCER
        ),
        "executionParameters": facets.execution_parameters_run.ExecutionParametersRunFacet(
            parameters=parameters, producer=_PRODUCER
        ),
        "londata_run": _own(
            facets.RunFacet,
            agent=receipt.agent,
            project=receipt.project,
            purpose=receipt.purpose,
            sentence=receipt.sentence,
            environment=dict(receipt.environment),
            around=len(receipt.around),
        ),
    }
    if receipt.problem:
        found["errorMessage"] = facets.error_message_run.ErrorMessageRunFacet(
            message=receipt.problem, programmingLanguage="PYTHON", producer=_PRODUCER
        )
    if parent:
        parents = facets.parent_run
        found["parent"] = parents.ParentRunFacet(
            run=parents.Run(runId=str(uuid.UUID(parent[0]))),
            job=parents.Job(namespace=NAMESPACE, name=parent[1]),
            producer=_PRODUCER,
        )
    return Run(runId=str(uuid.UUID(receipt.id)), facets=found)


def _job(receipt: Receipt) -> dict[str, Any]:
    from openlineage.client import facet_v2 as facets

    kind = facets.job_type_job.JobTypeJobFacet(
        processingType="BATCH", integration="LONDATA", jobType="REPORT", producer=_PRODUCER
    )
    about = facets.documentation_job.DocumentationJobFacet(description=receipt.template.title, producer=_PRODUCER)
    files = _own(facets.JobFacet, name=receipt.template.name, sha256=dict(receipt.template.sha256))
    return {"jobType": kind, "documentation": about, "londata_template": files}


def _input(read: Mapping[str, Any]) -> InputDataset:
    from openlineage.client import facet_v2 as facets
    from openlineage.client.event_v2 import InputDataset

    register = read["register"]
    columns = [
        facets.schema_dataset.SchemaDatasetFacetFields(name=name, ordinal_position=place)
        for place, name in enumerate(read["columns"], 1)
    ]
    version = f"sha256:{read['sha256']}" if read["sha256"] else read["version"] or "not stated"
    return InputDataset(
        namespace=NAMESPACE,
        name=f"{read['entry']}/{read['distribution']}",
        facets={
            "schema": facets.schema_dataset.SchemaDatasetFacet(fields=columns, producer=_PRODUCER),
            "version": facets.dataset_version_dataset.DatasetVersionDatasetFacet(
                datasetVersion=version, producer=_PRODUCER
            ),
            "dataSource": facets.datasource_dataset.DatasourceDatasetFacet(
                name="the register" if "://" in register else "catalogue files",
                uri=register if "://" in register else None,
                producer=_PRODUCER,
            ),
            "documentation": facets.documentation_dataset.DocumentationDatasetFacet(
                description=read["title"], producer=_PRODUCER
            ),
            "londata_reading": _own(
                facets.DatasetFacet, **{name: read[name] for name in _TERMS if read[name] not in (None, "")}
            ),
        },
        inputFacets={
            "inputStatistics": facets.input_statistics_input_dataset.InputStatisticsInputDatasetFacet(
                rowCount=read["rows"], size=read["size_bytes"], producer=_PRODUCER
            )
        },
    )


def _outputs(receipt: Receipt) -> list[OutputDataset]:
    from openlineage.client import facet_v2 as facets
    from openlineage.client.event_v2 import OutputDataset

    return [
        OutputDataset(
            namespace=_REPORTS,
            name=f"{receipt.folder.name}/{each['name']}",
            facets={
                "version": facets.dataset_version_dataset.DatasetVersionDatasetFacet(
                    datasetVersion=f"sha256:{each['sha256']}", producer=_PRODUCER
                ),
                "datasetType": facets.dataset_type_dataset.DatasetTypeDatasetFacet(
                    datasetType="FILE", producer=_PRODUCER
                ),
            },
            outputFacets={
                "outputStatistics": facets.output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(
                    size=each["size_bytes"], producer=_PRODUCER
                )
            },
        )
        for each in receipt.outputs
    ]


def _own(kind: Any, **facts: Any) -> Any:
    """Write a facet of our own: OpenLineage lets anybody add some, with a name that says whose they are."""
    known = {name: value for name, value in facts.items() if value not in (None, "")}
    return kind(producer=_PRODUCER).with_additional_properties(**known)
