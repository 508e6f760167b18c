"""Asks the whole product one question, and counts what the kernel could not send anywhere.

Meant for a network of nothing but loopback (`unshare -rn python -m tests.e2e.offline HOME`).
Prints one JSON object.
"""

import fcntl
import json
import socket
import struct
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

from api.client import Client, Transcript, fold
from tests.e2e.product import chromium, launch, running

_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1
QUESTION = "帮我找几张有拱桥的图"


def loopback_up() -> None:
    """What `ip link set lo up` does (netdevice(7))."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        asked = fcntl.ioctl(control, _SIOCGIFFLAGS, struct.pack("16sh14x", b"lo", 0))
        flags = struct.unpack("16sh", asked[:18])[1] | _IFF_UP
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags))


def unroutable() -> int:
    """Packets for which there was no way: each is an attempt to reach another machine."""
    names, values = (
        line.split()
        for line in Path("/proc/net/snmp").read_text().splitlines()
        if "Ip:" in line[:3]
    )
    version_6 = dict(line.split() for line in Path("/proc/net/snmp6").read_text().splitlines())
    return int(dict(zip(names, values, strict=True))["OutNoRoutes"]) + int(
        version_6.get("Ip6OutNoRoutes", 0)
    )


def ask_in_browser(url: str) -> int:
    """How many pictures the answer shows."""
    with sync_playwright() as playwright:
        browser = launch(playwright.chromium)
        page = browser.new_page()
        page.set_default_timeout(240_000)
        page.goto(url)
        suggested = page.locator("[class*='st-key-suggestion-']")  # the sidebar may name it too
        suggested.get_by_role("button", name=QUESTION).click()
        page.get_by_test_id("stImageCaption").nth(3).wait_for()
        pictures = page.get_by_test_id("stImageCaption").count()
        browser.close()
    return pictures


def ask_over_http(client: Client) -> int:
    conversation = client.create_conversation()
    run = client.start_run(conversation.id, QUESTION)
    transcript = fold(Transcript(), client.run_events(run.run_id))
    return len(transcript.turns[0].artifacts)


def open_page(url: str) -> int:
    """Runs the page for a session as a browser's websocket would; how many elements it sends."""
    stream = url.replace("http:", "ws:") + "/_stcore/stream"
    rerun = BackMsg()
    rerun.rerun_script.query_string = ""
    elements = 0
    with connect(stream, origin=url, subprotocols=["streamlit"], max_size=None) as socket:
        socket.send(rerun.SerializeToString())
        while True:
            message = ForwardMsg.FromString(socket.recv(timeout=60))
            elements += message.WhichOneof("type") == "delta"
            if message.WhichOneof("type") == "script_finished":
                return elements


def main() -> None:
    loopback_up()
    with running(Path(sys.argv[1])) as product:
        found = ask_over_http(product.client)
        elements = open_page(product.url)
        attempts = unroutable()  # before the browser, which looks for networks of its own accord
        seen = ask_in_browser(product.url) if chromium() else None
    told = {"found": found, "elements": elements, "unroutable": attempts, "seen": seen}
    print(json.dumps(told))


if __name__ == "__main__":
    main()
