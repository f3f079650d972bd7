"""Exit codes and streams: what a script that calls lossctl can rely on."""

from __future__ import annotations

import array
import fcntl
import signal
import subprocess
import sys
import termios
import time

import pytest

from lossctl import __version__
from lossctl.cli import COMMANDS


@pytest.mark.parametrize("flag", ["--version", "-V"])
def test_the_version(run, flag):
    ran = run([flag])
    assert (ran.code, ran.out, ran.err) == (0, f"lossctl {__version__}\n", "")


def test_a_bug_is_seventy_in_two_lines_without_a_traceback(run, monkeypatch):
    def broken():
        raise RuntimeError("[/red] \x1b[31m")

    monkeypatch.setattr("lossctl.catalogue.scan.catalogue", broken)
    ran = run(["list"])
    assert (ran.code, ran.out) == (70, "")
    assert ran.err == (
        f"error: this is a bug in lossctl {__version__}: RuntimeError: [/red] \\x1b[31m\n"
        "  try: lossctl --debug … and report what it prints\n"
    )


def test_a_bug_shows_its_traceback_when_asked(run, monkeypatch):
    def broken():
        raise RuntimeError

    monkeypatch.setattr("lossctl.catalogue.scan.catalogue", broken)
    ran = run(["--debug", "list"])
    assert ran.code == 70
    assert "Traceback" in ran.err


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_each_says_of_itself(name, run):
    said = " ".join(run([name, "--help"]).out.split())
    assert COMMANDS[name] in said


def test_a_closed_pipe_is_silent(environment):
    program = f'"{sys.executable}" -m lossctl list | head -n 1'
    done = subprocess.run(
        ["bash", "-c", program], capture_output=True, text=True, check=False, env=environment
    )
    assert done.stdout.startswith("name")
    assert done.stderr == ""


@pytest.mark.parametrize("arguments", ["list", "recommend --task regression", "--help"])
@pytest.mark.parametrize(
    ("to", "code", "said"),
    [
        (">/dev/full", 2, "error: the output cannot be written: No space left on device\n"),
        (">&-", 0, ""),
    ],
)
def test_an_output_that_takes_nothing(arguments, to, code, said, environment):
    program = f'"{sys.executable}" -m lossctl {arguments} {to}'
    done = subprocess.run(
        ["bash", "-c", program], capture_output=True, text=True, check=False, env=environment
    )
    assert (done.returncode, done.stdout, done.stderr) == (code, "", said)


def test_an_encoding_without_a_sign_is_no_bug(environment):
    done = subprocess.run(
        [sys.executable, "-m", "lossctl", "show", "huber"],
        capture_output=True,
        check=False,
        env={**environment, "PYTHONIOENCODING": "latin-1"},
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"\\u2" in done.stdout  # ≤


def test_the_exit_code_is_right_where_no_message_can_be_written(environment):
    program = f'"{sys.executable}" -m lossctl recommend --task x 2>/dev/full'
    done = subprocess.run(["bash", "-c", program], check=False, env=environment)
    assert done.returncode == 2


def test_a_closed_input_is_empty(environment, tmp_path):
    (tmp_path / "t.csv").write_text("target\n1\n")
    program = f'"{sys.executable}" -m lossctl compute mse - "{tmp_path}/t.csv" <&-'
    done = subprocess.run(
        ["bash", "-c", program], capture_output=True, text=True, check=False, env=environment
    )
    assert (done.returncode, done.stdout) == (3, "")
    assert "is empty" in done.stderr


def wait_until_read(pipe):
    """Wait until nothing that was written to a pipe is left in it."""
    left = array.array("i", [1])
    while left[0]:
        time.sleep(0.01)
        fcntl.ioctl(pipe, termios.FIONREAD, left)


def test_an_interrupt_is_a_hundred_and_thirty_and_silent(environment, tmp_path):
    target = tmp_path / "t.csv"
    target.write_text("target\n1\n")
    # Whoever runs the tests in the background of a shell has interrupts ignored, and so would have
    # the program. It takes the beginning of standard input, and waits for the rest.
    program = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from lossctl.cli import entry; entry()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, "compute", "mse", "-", str(target)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    )
    process.stdin.write(b"prediction\n")
    process.stdin.flush()
    wait_until_read(process.stdin)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert (process.returncode, out, err) == (130, b"", b"")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("lossctl compute hu", ["huber"]),
        ("lossctl show log_", ["log_cosh"]),
        ("lossctl compute huber --del", ["--delta", "--delimiter"]),
        ("lossctl compute mse --also smo", ["smooth_l1"]),
        ("lossctl compute mse --like ke", ["keras"]),
        ("lossctl show kl --like sc", ["scipy"]),
        ("lossctl list --family re", ["regression"]),
        ("lossctl recommend --why smo", ["smooth_l1"]),
        ("lossctl recommend --why-not log_c", ["log_cosh"]),
        ("lossctl recommend --task segm", ["segmentation"]),
        ("lossctl compute mse --reduction n", ["none"]),
        ("lossctl compute brier --scale h", ["half"]),
        ("lossctl compute nope --del", []),
        ("lossctl re", ["recommend"]),
        ("lossctl help re", ["recommend"]),
        ("lossctl help compute hu", ["huber"]),
        ("lossctl rules l", ["list", "lint"]),
    ],
)
def test_the_shell_completes(words, expected, environment):
    done = subprocess.run(
        [sys.executable, "-m", "lossctl"],
        env={
            **environment,
            "_LOSSCTL_COMPLETE": "complete_bash",
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split()) - 1),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == expected
