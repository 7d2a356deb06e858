"""`make class`: the address it prints is this machine's, the server is open to the room, and its settings hold."""

import ipaddress
import os
import re
import socket
import subprocess
import sys

import pytest
from click.testing import CliRunner

from dmm import serve
from tests.test_docs import ROOT, text


class Sockets:
    """Stands in for sockets on a machine with a route to each of these places, from such an address."""

    def __init__(self, routes):
        self.routes, self.sent = routes, []

    def __call__(self, *_):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def connect(self, place):
        if place[0] not in self.routes:
            raise OSError("no route")
        self.name = self.routes[place[0]]

    def getsockname(self):
        return self.name, 40000


def addresses(monkeypatch, routes):
    monkeypatch.setattr(serve.socket, "socket", Sockets(routes))
    return serve.room_addresses()


def test_addresses_are_this_machines_own():
    for address in serve.room_addresses():
        with socket.socket() as one:
            one.bind((address, 0))  # fails for an address of somebody else
        assert not ipaddress.ip_address(address).is_loopback


def test_the_address_towards_everything_else_comes_first_and_each_once(monkeypatch):
    routes = dict.fromkeys(serve.BEYOND, "172.20.4.7") | {"192.168.254.254": "192.168.1.9"}
    assert addresses(monkeypatch, routes) == ["172.20.4.7", "192.168.1.9"]


def test_addresses_that_others_cannot_reach_are_left_out(monkeypatch):
    places = dict(zip(serve.BEYOND, ("127.0.1.1", "169.254.3.4", "0.0.0.0", "10.1.2.3"), strict=True))
    assert addresses(monkeypatch, places) == ["10.1.2.3"]


def test_without_a_network_there_are_none(monkeypatch):
    assert addresses(monkeypatch, {}) == []


def test_notice_says_where_who_and_how_to_end():
    words = serve.notice(["172.20.4.7", "192.168.1.9"], 8502)
    assert re.findall(r"http://\S+", words) == [
        f"http://{one}:8502" for one in ("172.20.4.7", "192.168.1.9", serve.HERE)
    ]
    assert "Open in the room:   http://172.20.4.7:8502" in words
    for part in (
        "Anybody on this network",
        "no password",
        "only who started it can steer it",
        "port 8502",
        "Ctrl-C",
    ):
        assert part in words
    assert max(map(len, words.splitlines())) <= 80


def test_notice_without_a_network_says_what_to_do():
    words = serve.notice([], 8501)
    assert "Open in the room" not in words
    assert "join the room's network" in words


def options(words):
    return dict(zip(words[::2], words[1::2], strict=True))


def test_server_listens_everywhere_and_loosens_nothing_else():
    words = serve.command(["172.20.4.7"], 8502)
    assert words[1:5] == ["-m", "streamlit", "run", str(ROOT / "app.py")]
    assert options(words[5:]) == {
        "--server.address": "0.0.0.0",
        "--server.port": "8502",
        "--browser.serverAddress": "172.20.4.7",
        "--logger.hideWelcomeMessage": "true",
    }


def test_options_exist_in_this_version_of_streamlit():
    from streamlit import config

    known = config.get_config_options()
    assert {name[2:] for name in options(serve.command([], 8501)[5:])} <= set(known)


def test_a_port_that_is_taken_gives_one_sentence():
    with socket.socket() as other:
        other.bind((serve.HERE, 0))
        other.listen()
        port = other.getsockname()[1]
        assert serve.is_taken(port)
        result = CliRunner().invoke(serve.main, ["--port", str(port)])
    assert result.exit_code == 1
    (sentence,) = result.output.strip().splitlines()
    assert sentence.startswith(f"Error: Port {port} is taken")
    assert "make class PORT=" in sentence
    assert not serve.is_taken(port)


@pytest.mark.skipif(os.name != "posix", reason="hands over to Streamlit in another way")
def test_it_says_so_and_then_hands_over_from_any_folder(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(serve.os, "execv", lambda program, words: seen.append((program, words, os.getcwd())))
    monkeypatch.setattr(serve.sys, "exit", lambda *_: None)
    monkeypatch.setattr(serve.subprocess, "call", lambda words: None)
    monkeypatch.chdir(tmp_path)
    with socket.socket() as one:
        one.bind((serve.HERE, 0))
        port = one.getsockname()[1]
    result = CliRunner().invoke(serve.main, ["--port", str(port)])
    assert f"http://{serve.HERE}:{port}" in result.output
    ((program, words, folder),) = seen
    assert program == words[0] == sys.executable
    assert folder == str(ROOT), "there Streamlit finds its settings"


def test_make_class_calls_it():
    done = subprocess.run(["make", "-n", "class", "PORT=8502"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "-m dmm.serve --port 8502" in done.stdout
    assert re.search(r"^make class\b", text("README.md"), re.MULTILINE)
