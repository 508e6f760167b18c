"""OpenAI's form: text read aloud, and recordings written down."""

from typing import Any, cast

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from starlette.concurrency import run_in_threadpool

from api.host import EngineDep, HostDep
from api.openai import transcripts
from api.openai.calling import called
from api.openai.forms import fields_of, file_in, form_of
from api.openai.media_schemas import VOICES, SpeechRequest, TranscriptionRequest

router = APIRouter(prefix="/v1/audio", tags=["openai"])


@router.post("/speech", summary="Read aloud", response_model=None)
async def speech(
    request: Request, host: HostDep, engine: EngineDep, body: SpeechRequest
) -> Response:
    """The sound carries its AI-content label in every format."""
    from tools.sound_formats import SoundFormat, encoded, mime_of  # late, like all of the engine

    arguments = {"text": body.input, "voice": VOICES[body.voice], "speed": body.speed}
    told = await called(request, host, engine, "speak", [arguments])
    form = cast(SoundFormat, body.response_format)  # checked with the rest of the body

    def sound() -> bytes:
        return encoded([engine.export(view["sha256"]) for view in told.artifacts], form)

    return Response(await run_in_threadpool(sound), media_type=mime_of(form))


@router.post("/transcriptions", summary="Write down", response_model=None)
async def transcriptions(request: Request, host: HostDep, engine: EngineDep) -> Response:
    """Multipart, the recording as `file`."""
    from duomo.programs import File

    async with form_of(request) as form:
        fields = fields_of(form, TranscriptionRequest)
        file = File(await file_in(form, "file"), "audio")
    arguments = [{"audio": "aud-1"}]
    told = await called(request, host, engine, "transcribe_audio", arguments, [file], fresh=False)
    (step,) = told.steps.values()
    return _transcript(step["details"], fields)


def _transcript(heard: dict[str, Any], wanted: TranscriptionRequest) -> Response:
    segments = heard["segments"]
    match wanted.response_format:
        case "text":
            return PlainTextResponse(f"{transcripts.text_of(segments)}\n")
        case "srt":
            return PlainTextResponse(transcripts.srt(segments))
        case "vtt":
            return PlainTextResponse(transcripts.vtt(segments))
        case "verbose_json":
            kinds = wanted.timestamp_granularities
            is_listed = not kinds or "segment" in kinds
            told = transcripts.verbose(heard, words="word" in kinds, segments=is_listed)
            return JSONResponse(told)
    usage = {"type": "duration", "seconds": heard["seconds"]}
    return JSONResponse({"text": transcripts.text_of(segments), "usage": usage})
