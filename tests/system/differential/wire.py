# SPDX-License-Identifier: Apache-2.0
"""Sends many questions to one server and gathers the answers, over UDP with a window or over one TCP connection."""
import select
import socket
import struct

from .peers import ADDRESS

WINDOW = 64
TRIES = 4


def question_end(message):
    """Behind name, type and class of a message's first question."""
    at = 12
    while at < len(message) and message[at]:
        at += 1 + message[at]
    return at + 5


def ask_udp(port, questions, wait=1.0):
    """questions: list of wire messages; their ids are replaced. Returns the answers in the same order, None = none came."""
    answers = [None] * len(questions)
    todo = list(range(len(questions)))
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 21)
    sock.connect((ADDRESS, port))
    for _ in range(TRIES):
        missing = []
        for start in range(0, len(todo), WINDOW):
            chunk = todo[start:start + WINDOW]
            for slot, index in enumerate(chunk):
                sock.send(struct.pack("!H", slot + 1) + questions[index][2:])
            waiting = set(range(len(chunk)))
            while waiting and select.select([sock], [], [], wait)[0]:
                try:
                    data = sock.recv(65535)
                except ConnectionRefusedError:
                    continue
                slot = struct.unpack("!H", data[:2])[0] - 1
                if slot not in waiting:
                    continue
                # A late answer to an older question of the same id is told apart by its question section.
                question = questions[chunk[slot]]
                end = question_end(question)
                if len(data) > 12 and data[4:6] == b"\0\1" and question[4:6] == b"\0\1" and \
                        data[12:end].lower() != question[12:end].lower():
                    continue
                answers[chunk[slot]] = data
                waiting.discard(slot)
            missing += [chunk[slot] for slot in waiting]
        todo = missing
        if not todo:
            break
    sock.close()
    return answers


def ask_tcp(port, questions, wait=5.0):
    """Pipelines batches over connections; answers may come in any order."""
    answers = [None] * len(questions)
    for start in range(0, len(questions), 50):
        chunk = range(start, min(start + 50, len(questions)))
        with socket.create_connection((ADDRESS, port), timeout=wait) as sock:
            out = b""
            for slot, index in enumerate(chunk):
                message = struct.pack("!H", slot + 1) + questions[index][2:]
                out += struct.pack("!H", len(message)) + message
            sock.sendall(out)
            data = b""
            left = len(chunk)
            while left:
                try:
                    got = sock.recv(1 << 20)
                except socket.timeout:
                    break
                if not got:
                    break
                data += got
                while len(data) >= 2 and len(data) >= 2 + struct.unpack("!H", data[:2])[0]:
                    size = struct.unpack("!H", data[:2])[0]
                    message, data = data[2:2 + size], data[2 + size:]
                    answers[start + struct.unpack("!H", message[:2])[0] - 1] = message
                    left -= 1
    return answers
