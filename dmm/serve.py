"""The app for a whole room: `python -m dmm.serve`, which `make class` calls.

It says at which address this machine can be reached, then hands over to Streamlit, which listens on all of them. What
else holds of a server is in `.streamlit/config.toml`, here as for one's own machine.
"""

import os
import socket
import subprocess
import sys
from ipaddress import ip_address
from pathlib import Path

import click

APP = Path(__file__).resolve().parents[1] / "app.py"
EVERYWHERE = "0.0.0.0"  # all addresses of this machine
HERE = "127.0.0.1"
BEYOND = ("192.0.2.1", "10.254.254.254", "172.31.254.254", "192.168.254.254")  # of documents; of private networks
RULE = "-" * 78


def room_addresses() -> list[str]:
    """The addresses of this machine in its networks, the one towards everything else first; no packet is sent.

    A UDP socket that is "connected" has only asked the system's own table which of its addresses it would use.
    """
    found = []
    for place in BEYOND:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            try:
                one.connect((place, 9))
            except OSError:  # no way there
                continue
            found.append(one.getsockname()[0])
    return [address for address in dict.fromkeys(found) if _is_shared(address)]


def is_taken(port: int) -> bool:
    """Whether another program listens on this port already, at any address of this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as one:
        one.settimeout(1)
        if one.connect_ex((HERE, port)) == 0:
            return True
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as one:
        if os.name == "posix":  # or a server that has just ended would count; on Windows this means something else
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((EVERYWHERE, port))
        except OSError:
            return True
    return False


def notice(addresses: list[str], port: int) -> str:
    """What the terminal says: where to go, who may do what, and how to end it."""
    doors = [f"Open in the room:   http://{address}:{port}" for address in addresses[:1]]
    doors += [f"or, if that fails:  http://{address}:{port}" for address in addresses[1:]]
    if not doors:
        doors = ["No network was found: join the room's network with this machine, then start this again."]
    lines = [
        "Deep Markov Lab is open to the room.",
        "",
        *doors,
        f"On this machine:    http://{HERE}:{port}",
        "",
        "Anybody on this network can open it and start runs within the caps; there is",
        "no password. Who has a run's link may watch; only who started it can steer it.",
        f"If it does not open: let port {port} through this machine's firewall. Some guest",
        "networks keep their devices apart; then it takes another network.",
        "Ctrl-C ends it: what trains is saved first, and can be resumed.",
    ]
    return "\n".join([RULE, *(f"  {line}".rstrip() for line in lines), RULE])


def command(addresses: list[str], port: int) -> list[str]:
    """The server's command line."""
    options = {
        "server.address": EVERYWHERE,
        "server.port": port,
        "browser.serverAddress": addresses[0] if addresses else HERE,  # else it asks the internet for its own address
        "logger.hideWelcomeMessage": "true",  # the notice says it
    }
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    return [sys.executable, "-m", "streamlit", "run", str(APP), *words]


def _is_shared(address):
    """Whether others could reach this machine there."""
    one = ip_address(address)
    return not (one.is_loopback or one.is_unspecified or one.is_link_local)


@click.command()
@click.option("--port", type=click.IntRange(1024, 65535), default=8501, show_default=True)
def main(port):
    """Open the app to everybody on this machine's network."""
    if is_taken(port):
        raise click.ClickException(
            f"Port {port} is taken, perhaps by another Deep Markov Lab: end that one with Ctrl-C, "
            f"or take another port, as with `make class PORT={8502 if port == 8501 else 8501}`."
        )
    addresses = room_addresses()
    click.echo(notice(addresses, port))
    words = command(addresses, port)
    os.chdir(APP.parent)  # Streamlit reads its settings there
    if os.name == "posix":
        sys.stdout.flush()
        os.execv(words[0], words)  # Ctrl-C and every other signal then reach the server itself
    sys.exit(subprocess.call(words))


if __name__ == "__main__":
    main()
