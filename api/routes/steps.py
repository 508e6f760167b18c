"""Steps in a person's hands: the answer to one that waits, and past ones once more."""

from fastapi import APIRouter

from api.host import EngineDep
from api.run_schemas import Answer, NewDependants, NewRerun, RunView, StartedRun
from api.views import run_view

router = APIRouter(prefix="/api", tags=["steps"])


@router.post("/runs/{run_id}/steps/{call_id}/answer", summary="Approve, change or skip a step")
def answer_step(engine: EngineDep, run_id: str, call_id: str, body: Answer) -> RunView:
    """Of a step that waits, once; the run goes on when all that wait have an answer."""
    engine.approvals.answer(run_id, call_id, body.choice, body.arguments)
    return run_view(engine.runs.get(run_id))


@router.post(
    "/conversations/{conversation_id}/reruns", status_code=202, summary="Carry out a step again"
)
def rerun_step(engine: EngineDep, conversation_id: str, body: NewRerun) -> StartedRun:
    """A run of its own, without the language model. It ends with the offer (`duomo.offer`) of the
    steps that used the old results."""
    run_id = engine.reruns.rerun(conversation_id, body.call_id, body.arguments)
    return StartedRun(run_id=run_id, conversation_id=conversation_id)


@router.post("/runs/{run_id}/dependants", status_code=202, summary="Carry out what a rerun offered")
def rerun_dependants(engine: EngineDep, run_id: str, body: NewDependants) -> StartedRun:
    """In order, as one run, with the new results in place of the old ones."""
    started = engine.reruns.rerun_dependants(run_id, body.call_ids)
    return StartedRun(run_id=started, conversation_id=engine.runs.get(started).conversation_id)
