#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Run a program in a terminal, type, and look at the screen.

screen.py SIZE STEP... -- COMMAND...    SIZE is such as 80x24; 0x0 knows no size

Steps:  type:KEYS     with \\e for escape, \\n, \\x7f and the like
        slow:KEYS     the same, byte by byte
        wait:REGEX    until it is on the screen
        gone:REGEX    until it is not
        size:SIZE     another one
        save:FILE     what is on the screen, as text
        raw:FILE      all that the program has sent so far
        sleep:SECONDS
        signal:NUMBER
        status:NUMBER the program ends by itself, with this status
        modes         the terminal is as it was before the program

The screen knows what a VT100 knows, and fails on all else.
"""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time

PATIENCE = 60


class Screen:
    def __init__(self, columns, lines):
        self.resize(columns, lines)
        self.rest = ""

    def resize(self, columns, lines):
        self.columns, self.lines = columns or 80, lines or 24
        self.cells = [[" "] * self.columns for _ in range(self.lines)]
        self.x = self.y = 0
        self.drawn = False

    def text(self):
        return "\n".join("".join(row).rstrip() for row in self.cells)

    def line_feed(self):
        if self.y < self.lines - 1:
            self.y += 1
        else:
            self.cells = self.cells[1:] + [[" "] * self.columns]

    def control(self, arguments, final):
        if final in "hl" and arguments in ("?1049", "?25") or final == "m":
            return
        if not re.fullmatch(r"[0-9;]*", arguments):
            sys.exit(f"unknown sequence ESC [ {arguments} {final}")
        numbers = [int(n or 1) for n in arguments.split(";")]
        if final == "H":
            numbers += [1]
            # What is under way when the size changes was meant for another one.
            if self.drawn and not (numbers[0] <= self.lines and numbers[1] <= self.columns):
                sys.exit(f"the cursor goes to {numbers}, outside of the screen")
            self.y = min(numbers[0], self.lines) - 1
            self.x = min(numbers[1], self.columns) - 1
        elif final == "K" and not arguments:
            self.x = min(self.x, self.columns - 1)
            self.cells[self.y][self.x:] = [" "] * (self.columns - self.x)
        elif final == "J" and arguments == "2":
            self.resize(self.columns, self.lines)
            self.drawn = True
        else:
            sys.exit(f"unknown sequence ESC [ {arguments} {final}")

    def feed(self, text):
        text = self.rest + text
        self.rest = ""
        while text:
            match = re.match(r"\x1b\[([^@-~]*)([@-~])", text)
            if match:
                self.control(*match.groups())
                text = text[match.end():]
                continue
            if text[0] == "\x1b":
                if len(text) > 20:
                    sys.exit(f"unknown sequence {text[:20]!r}")
                self.rest = text
                return
            if text[0] == "\r":
                self.x = 0
            elif text[0] == "\n":
                self.line_feed()
            elif not " " <= text[0] <= "~":
                sys.exit(f"character {text[0]!r} on the screen")
            else:
                if self.x == self.columns:
                    self.x = 0
                    self.line_feed()
                self.cells[self.y][self.x] = text[0]
                self.x += 1
            text = text[1:]


def size(text):
    return [int(n) for n in text.split("x")]


def set_size(fd, columns, lines):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))


def main():
    split = sys.argv.index("--")
    steps, command = sys.argv[2:split], sys.argv[split + 1:]
    columns, lines = size(sys.argv[1])
    master, slave = pty.openpty()
    set_size(slave, columns, lines)
    before = termios.tcgetattr(slave)
    pid = os.fork()
    if not pid:
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        for fd in range(3):
            os.dup2(slave, fd)
        os.execv(command[0], command)
    screen = Screen(columns, lines)
    raw = b""

    def read(timeout):
        nonlocal raw
        while select.select([master], [], [], timeout)[0]:
            data = os.read(master, 65536)
            raw += data
            screen.feed(data.decode("ascii"))
            timeout = 0

    def until(done, what):
        end = time.monotonic() + PATIENCE
        while not done():
            read(0.05)
            if time.monotonic() > end:
                os.kill(pid, signal.SIGKILL)
                sys.exit(f"{what}: it does not come; the screen is:\n{screen.text()}")

    for step in steps:
        verb, _, rest = step.partition(":")
        if verb in ("type", "slow"):
            keys = rest.replace("\\e", "\x1b").encode().decode("unicode_escape").encode()
            for part in [keys] if verb == "type" else [bytes([k]) for k in keys]:
                os.write(master, part)
                read(0.05)
        elif verb == "wait":
            until(lambda: re.search(rest, screen.text(), re.M), step)
        elif verb == "gone":
            until(lambda: not re.search(rest, screen.text(), re.M), step)
        elif verb == "size":
            screen.resize(*size(rest))
            set_size(master, *size(rest))
        elif verb == "save":
            with open(rest, "w", encoding="ascii") as file:
                file.write(screen.text() + "\n")
        elif verb == "raw":
            with open(rest, "wb") as file:
                file.write(raw)
        elif verb == "sleep":
            end = time.monotonic() + float(rest)
            while time.monotonic() < end:
                read(0.05)
        elif verb == "signal":
            os.kill(pid, int(rest))
        elif verb == "status":
            status = []

            def ended():
                done, code = os.waitpid(pid, os.WNOHANG)
                status.append(code)
                return done

            until(ended, step)
            read(0)
            if os.waitstatus_to_exitcode(status[-1]) != int(rest):
                sys.exit(f"{step}: it is {os.waitstatus_to_exitcode(status[-1])};"
                         f" the screen is:\n{screen.text()}")
        elif verb == "modes":
            if termios.tcgetattr(slave) != before:
                sys.exit("the terminal is not as it was")
        else:
            sys.exit(f"unknown step {step}")


main()
