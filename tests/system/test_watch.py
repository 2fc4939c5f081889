# SPDX-License-Identifier: Apache-2.0
"""picobarn watch in a terminal of any size, and where there is none. What stands on the screen is what
a terminal makes of the bytes (pyte)."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios

import pyte
import pytest

import harness

HIDE, SHOW = b"\x1b[?25l", b"\x1b[?25h"
COLOR = re.compile(rb"\x1b\[[0-9;]*m")


class Terminal:
    """A program in a terminal of its own, and the screen that it draws."""

    def __init__(self, runner, words, size, env=None):
        self.screen = pyte.Screen(*size)
        self.stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self.reads = []
        environment = {**os.environ, harness.MARK: runner.mark, "TERM": "xterm-256color"}
        environment.pop("NO_COLOR", None)
        environment.update(env or {})
        ready, go = os.pipe()  # it starts when the terminal has its size
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.read(ready, 1)
            os.chdir(runner.folder)
            os.execve(harness.program(words[0]), [str(w) for w in words], environment)
        self.resize(*size)
        os.write(go, b"x")
        os.close(ready)
        os.close(go)

    def resize(self, columns, lines):
        self.screen.resize(lines, columns)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def read(self):
        """What came since, onto the screen; False at the end."""
        while select.select([self.fd], [], [], 0)[0]:
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                return False
            self.raw += data
            self.reads.append(data)
            self.stream.feed(data)
        return True

    def lines(self):
        self.read()
        return [line.rstrip() for line in self.screen.display]

    def shows(self, pattern):
        return re.search(pattern, "\n".join(self.lines()), re.MULTILINE)

    def wait_for(self, pattern):
        harness.wait_until(lambda: self.shows(pattern), f"{pattern!r} on the screen")

    def end(self):
        """The exit status, when it has ended by itself."""
        harness.wait_until(lambda: not self.read(), "the program ends")
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def check_given_back(self):
        assert self.raw.count(HIDE) >= 1
        assert self.raw.rindex(SHOW) > self.raw.rindex(HIDE)
        assert self.raw.rindex(b"\x1b[?1049l") > self.raw.rindex(b"\x1b[?1049h")
        assert self.raw.rindex(b"\x1b[?7h") > self.raw.rindex(b"\x1b[?7l")


@pytest.fixture(scope="module")
def recipe(samples):
    return harness.from_samples(samples, target_events=50)


class Halted:
    """A run that is at work, and whose scheduler stands still until it is told to go on."""

    def __init__(self, runner, recipe):
        run = harness.write_run(runner.folder / "run.yaml", recipe)
        self.launch = runner.start_launch(run, "--run-dir", "run")
        harness.wait_until(lambda: self.shards(runner) > 20, "some shards are done")
        self.launch.kill(signal.SIGSTOP)

    @staticmethod
    def shards(runner):
        if not (runner.folder / "run" / "ledger.db").exists():
            return 0
        status = runner.run("picobarn", "status", "run", "-o", "json")
        return status.json()["shards"]["done"] if status.out else 0

    def go_on(self):
        self.launch.kill(signal.SIGCONT)
        return self.launch.wait()


@pytest.fixture
def halted(runner, recipe):
    return Halted(runner, recipe)


def watch(runner, size, *options, env=None):
    return Terminal(runner, ["picobarn", "watch", "run", *options], size, env)


def without_times(lines):
    return [line for line in lines if not line.startswith(("total ", "rate "))]


def check_layout(runner, terminal, columns, lines):
    """The frame fills what there is, its last line being where the shell will ask; and nothing of an
    earlier one is left: the screen is what a fresh frame of that size is."""
    frame = runner.run("picobarn", "watch", "run", "--once", "--width", str(columns), "--height",
                       str(lines - 1)).out
    shown = terminal.lines()
    fresh = [line.rstrip() for line in frame.splitlines()]
    assert len(fresh) == lines - 1 and len(shown) == lines
    assert without_times(shown) == without_times([*fresh, ""])
    assert shown[0].startswith("run       ") and shown[1] == "state     running", shown
    assert shown[-2].lstrip().startswith("70 ") and shown[-2].endswith("GeV")
    assert sum("[" in line and "%" in line for line in shown[8:]) >= 5, "samples"
    assert columns - 40 < max(map(len, shown)) <= columns
    return shown


def test_a_terminal_is_filled_and_a_changed_size_is_followed(runner, halted):
    small, large = (80, 24), (200, 60)
    terminal = watch(runner, small)
    terminal.wait_for("GeV$")
    shown = check_layout(runner, terminal, *small)
    assert any(re.match(r"\d+ more ", line) for line in shown), "samples without room are summed"
    terminal.resize(*large)
    terminal.wait_for(r"^top pairs \(2011\)")
    shown = check_layout(runner, terminal, *large)
    assert not any(re.match(r"\d+ more ", line) for line in shown)
    terminal.resize(*small)
    terminal.wait_for(r"^\d+ more ")
    check_layout(runner, terminal, *small)
    for size in ((100, 12), (30, 5), (1, 1), (80, 24)):
        terminal.resize(*size)
    terminal.wait_for(r"^\d+ more ")
    check_layout(runner, terminal, *small)
    assert halted.go_on().status == harness.COMPLETE
    assert terminal.end() == harness.COMPLETE
    terminal.check_given_back()
    last = terminal.raw[terminal.raw.rindex(b"\x1b[?1049l"):].decode()
    assert last.count("state     complete") == 1 and "100 %" in last


def test_it_never_clears_the_screen_and_writes_a_frame_at_once(runner, halted):
    terminal = watch(runner, (100, 40))
    harness.wait_until(lambda: terminal.read() and terminal.raw.count(b"\x1b[H") >= 3, "frames")
    frames = terminal.raw.split(b"\x1b[H")[1:]
    assert b"\x1b[2J" not in terminal.raw and b"\x1b[3J" not in terminal.raw
    assert terminal.raw.count(HIDE) == 1 and SHOW not in terminal.raw
    for frame in frames[:-1]:
        assert frame.endswith(b"\x1b[J") and frame.count(b"\x1b[J") == 1
    halted.go_on()
    assert terminal.end() == harness.COMPLETE


def test_ctrl_c_ends_it_gives_the_terminal_back_and_leaves_the_run(runner, halted):
    terminal = watch(runner, (100, 40))
    terminal.wait_for("GeV$")
    os.write(terminal.fd, b"\003")
    assert terminal.end() == harness.INCOMPLETE
    terminal.check_given_back()
    assert halted.go_on().status == harness.COMPLETE


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_signals_give_the_terminal_back(runner, halted, number):
    terminal = watch(runner, (100, 40))
    terminal.wait_for("GeV$")
    os.kill(terminal.pid, number)
    assert terminal.end() == harness.INCOMPLETE
    terminal.check_given_back()


def test_ctrl_z_gives_the_terminal_back_until_it_goes_on(runner, halted):
    terminal = watch(runner, (100, 40))
    terminal.wait_for("GeV$")
    os.kill(terminal.pid, signal.SIGTSTP)
    harness.wait_until(lambda: os.waitpid(terminal.pid, os.WNOHANG | os.WUNTRACED)[0], "a stop")
    terminal.read()
    terminal.check_given_back()
    os.kill(terminal.pid, signal.SIGCONT)
    harness.wait_until(lambda: terminal.read() and terminal.raw.count(HIDE) == 2, "drawn again")
    os.write(terminal.fd, b"\003")
    assert terminal.end() == harness.INCOMPLETE
    terminal.check_given_back()


def test_no_color_and_dumb_terminals_are_respected(runner, halted):
    terminals = {name: watch(runner, (100, 40), env=env) for name, env in {
        "color": {}, "none": {"NO_COLOR": "1"}, "dumb": {"TERM": "dumb"}}.items()}
    terminals["color"].wait_for("GeV$")
    terminals["none"].wait_for("GeV$")
    terminals["dumb"].wait_for(" of [0-9,]+ shards, ")
    halted.go_on()
    for terminal in terminals.values():
        assert terminal.end() == harness.COMPLETE
    assert COLOR.search(terminals["color"].raw)
    assert not COLOR.search(terminals["none"].raw)
    assert b"\x1b" not in terminals["dumb"].raw


def test_a_pipe_gets_plain_lines(runner, halted):
    watching = runner.start("picobarn", "watch", "run")
    harness.wait_until(lambda: "\n" in watching.output(), "a line")
    halted.go_on()
    finished = watching.wait()
    assert finished.status == harness.COMPLETE
    lines = finished.out.splitlines()
    assert "\x1b" not in finished.out and len(lines) >= 2
    assert all(re.match(r"[\d,]+ of [\d,]+ shards, ", line) for line in lines)
    assert len(set(lines)) == len(lines), "a line is written when something changed"


def test_another_histogram_is_shown_and_one_that_is_not_there_refused(runner, halted):
    terminal = watch(runner, (100, 40), "--hist", "z1_mass", "--channel", "4mu", "--log")
    terminal.wait_for(r"^z1_mass .* log")
    os.write(terminal.fd, b"\003")
    assert terminal.end() == harness.INCOMPLETE
    for options in (("--hist", "nonsense"), ("--channel", "5e"), ("--log", "--linear")):
        refused = runner.run("picobarn", "watch", "run", *options)
        assert refused.status == harness.USAGE and options[-1].strip("-") in refused.err, refused
        assert not refused.out


def test_a_scheduler_that_is_gone_ends_it_or_is_waited_for(runner, recipe):
    halted = Halted(runner, recipe)
    waiting = watch(runner, (100, 40), "--wait")
    waiting.wait_for("^state     running$")
    for pid in (halted.launch.pid, *runner.processes("picobarn-worker")):
        harness.send(pid, signal.SIGKILL)
    halted.launch.wait()
    waiting.wait_for("^state     no scheduler works on it: the same launch goes on$")
    ends = watch(runner, (100, 40))
    assert ends.end() == harness.INCOMPLETE
    assert HIDE not in ends.raw, "one frame, and nothing to give back"
    assert runner.launch("run.yaml", "--run-dir", "run").status == harness.COMPLETE
    assert waiting.end() == harness.COMPLETE
    waiting.check_given_back()


KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: c
contexts: [{name: c, context: {cluster: c, user: u, namespace: n}}]
clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]
users: [{name: u, user: {token: t}}]
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_of_a_cluster_that_is_away_it_tries_again_until_it_is_stopped(runner, number):
    (runner.folder / "config").write_text(KUBECONFIG, encoding="ascii")
    terminal = Terminal(runner, ["picobarn", "watch", "k8s:n/away"], (60, 20),
                        {"KUBECONFIG": str(runner.folder / "config")})
    terminal.wait_for("^connection lost, the run goes on; trying again$")
    assert "127.0.0.1" in "".join(terminal.lines()), "the reason, in as many lines as it takes"
    terminal.resize(40, 20)
    terminal.wait_for("^connection lost, the run goes on; trying$")
    if number == signal.SIGINT:
        os.write(terminal.fd, b"\003")
    else:
        os.kill(terminal.pid, number)
    assert terminal.end() == -number
    terminal.check_given_back()
