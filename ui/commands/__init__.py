"""One file per command, each a function that Typer reads; put together here."""

import typer
from typer import rich_utils

from ui.commands import (
    ask,
    cache,
    conversation_turns,
    conversations,
    doctor,
    evaluate,
    index,
    inspect,
    models,
    models_plan,
    search,
    serve,
    start,
)
from ui.commands.terminal import text

if text.locale == "zh-CN":  # Typer itself speaks English only
    rich_utils.ARGUMENTS_PANEL_TITLE = "参数"
    rich_utils.OPTIONS_PANEL_TITLE = "选项"
    rich_utils.COMMANDS_PANEL_TITLE = "命令"
    rich_utils.ERRORS_PANEL_TITLE = "出错了"
    rich_utils.ABORTED_TEXT = "已停止。"
    rich_utils.RICH_HELP = "用 [blue]'{command_path} {help_option}'[/] 查看用法。"
    rich_utils.DEFAULT_STRING = "[默认：{}]"
    rich_utils.REQUIRED_LONG_STRING = "[必填]"

app = typer.Typer(
    help=text("help.duomo"),
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)

app.callback(invoke_without_command=True)(start.start)
app.command("serve", help=text("help.serve"))(serve.serve)
app.command("ask", help=text("help.ask"))(ask.ask)
app.command("index", help=text("help.index"))(index.index)
app.command("search", help=text("help.search"))(search.search)
app.command("inspect", help=text("help.inspect"))(inspect.inspect)
_turns = conversations.app.command
_turns("show", help=text("help.conversations_show"))(conversation_turns.show_turns)
_turns("branch", help=text("help.conversations_branch"))(conversation_turns.branch)
_turns("rate", help=text("help.conversations_rate"))(conversation_turns.rate)
app.add_typer(conversations.app, name="conversations", help=text("help.conversations"))
models.app.command("plan", help=text("help.models_plan"))(models_plan.plan)
app.add_typer(models.app, name="models", help=text("help.models"))
app.add_typer(cache.app, name="cache", help=text("help.cache"))
app.command("doctor", help=text("help.doctor"))(doctor.doctor)
app.command("eval", help=text("help.eval"), context_settings=evaluate.PASS_ON)(evaluate.evaluate)
