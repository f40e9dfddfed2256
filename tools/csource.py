"""A small reader of our own C: enough syntax to find functions, their size, nesting and shape. Not a compiler."""
import bisect
import re
from dataclasses import dataclass
from pathlib import Path

NOISE = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
DIRECTIVE = re.compile(r'^[ \t]*#(?:\\\n|[^\n])*', re.M)
TOKEN = re.compile(r'[A-Za-z_]\w*|\d\w*|->|[^\s\w]')
JUMPS = {'return', 'break', 'continue', 'goto'}


@dataclass
class Function:
    path: Path
    name: str
    line: int
    lines: int
    params: int
    nesting: int
    static: bool
    else_after_jump: list  # lines


def uncomment(text):
    """The same text and line structure without comments."""
    return NOISE.sub(lambda m: m.group() if m.group()[0] in '"\'' else re.sub(r'[^\n]', ' ', m.group()), text)


def blank(text):
    """The same text and line structure without comments, literals' content and directives."""
    def hide(match):
        s = match.group()
        inner = re.sub(r'[^\n]', ' ', s)
        return s[0] + inner[1:-1] + s[-1] if s[0] in '"\'' else inner
    text = NOISE.sub(hide, text)
    return DIRECTIVE.sub(lambda m: re.sub(r'[^\n]', ' ', m.group()), text)


def sources(root, folders, suffixes=('.c', '.h')):
    for folder in folders:
        for path in sorted((root / folder).rglob('*')):
            if path.suffix in suffixes and 'node_modules' not in path.parts:
                yield path


class Reader:
    def __init__(self, path):
        text = blank(path.read_text(encoding='utf-8', errors='replace'))
        starts = [i for i, c in enumerate('\n' + text) if c == '\n']
        self.path, self.tokens, self.at = path, [], []
        for match in TOKEN.finditer(text):
            self.tokens.append(match.group())
            self.at.append(bisect.bisect_right(starts, match.start()))

    def tok(self, i):
        return self.tokens[i] if i < len(self.tokens) else ''

    def close(self, i):
        """Index behind the bracket that closes the one at i."""
        depth = 0
        for j in range(i, len(self.tokens)):
            depth += (self.tokens[j] in '([{') - (self.tokens[j] in ')]}')
            if depth == 0:
                return j + 1
        return len(self.tokens)

    def functions(self):
        i = start = 0
        while i < len(self.tokens):
            token = self.tokens[i]
            if token == '{':
                head = self.tokens[start:i]
                if head and head[-1] == ')' and '=' not in head:
                    yield self.function(start, i)
                i = self.close(i)
                # A type or an initialiser goes on to its semicolon; a function ends here.
                if not (head and head[-1] == ')'):
                    continue
                start = i
            elif token in '([':
                i = self.close(i)
            else:
                i += 1
                if token == ';':
                    start = i

    def function(self, start, body):
        opening = start
        name = ''
        for j in range(start, body):  # the last name( at depth 0 whose ) stands before the body
            if self.tokens[j] == '(' and self.close(j) == body:
                opening, name = j, self.tokens[j - 1]
                break
        params = self.tokens[opening + 1:body - 1]
        depth = commas = 0
        for token in params:
            depth += (token in '([{') - (token in ')]}')
            commas += token == ',' and depth == 0
        end = self.close(body)
        self.deepest, self.elses = 0, []
        self.statement(body, 0)
        first, last = self.at[start], self.at[end - 1]
        return Function(self.path, name, first, last - first + 1, 0 if params in ([], ['void']) else commas + 1,
                        self.deepest, 'static' in self.tokens[start:opening], self.elses)

    def statement(self, i, depth):
        """Read one statement; returns (index behind it, whether it ends in a jump)."""
        token = self.tok(i)
        if token == '{':
            return self.block(i, depth)
        if token == 'if':
            return self.if_statement(i, depth)
        if token in ('for', 'while', 'switch'):
            return self.nested(self.close(i + 1), depth + 1)[0], False
        if token == 'do':
            i, _ = self.nested(i + 1, depth + 1)
            return self.close(i + 1) + 1, False
        if token in ('case', 'default') or (self.tok(i + 1) == ':' and token.isidentifier()):
            while self.tok(i) not in (':', ''):
                i += 1
            return (i + 1, False) if self.tok(i + 1) == '}' else self.statement(i + 1, depth)
        if token.isidentifier() and token not in JUMPS and self.tok(i + 1) == '(' and self.tok(self.close(i + 1)) == '{':
            return self.nested(self.close(i + 1), depth + 1)[0], False  # a loop made by a macro
        while self.tok(i) not in (';', ''):
            i = self.close(i) if self.tokens[i] in '([{' else i + 1
        return i + 1, token in JUMPS

    def block(self, i, depth):
        i, jumps = i + 1, False
        while self.tok(i) not in ('}', ''):
            i, jumps = self.statement(i, depth)
        return i + 1, jumps

    def nested(self, i, depth):
        self.deepest = max(self.deepest, depth)
        return self.statement(i, depth)

    def if_statement(self, i, depth):
        i, jumps = self.nested(self.close(i + 1), depth + 1)
        if self.tok(i) != 'else':
            return i, False
        if jumps:
            self.elses.append(self.at[i])
        if self.tok(i + 1) == 'if':
            i, other = self.statement(i + 1, depth)
        else:
            i, other = self.nested(i + 1, depth + 1)
        return i, jumps and other


def unready_cleanups(path):
    """(line, name) of _cleanup_ variables that a return can reach before anything was put into them."""
    reader = Reader(path)
    for i, token in enumerate(reader.tokens):
        if token == '_cleanup_' and reader.tok(i - 1) != 'define':
            end = i
            while reader.tok(end) not in (';', ''):
                end = reader.close(end) if reader.tok(end) in '([{' else end + 1
            declared = reader.tokens[reader.close(i + 1):end]
            names = [name for name, after in zip(declared, [*declared[1:], ';'])
                     if after in (',', ';') and name.isidentifier()]
            for name in names if '=' not in declared else []:
                j = end + 1
                while reader.tok(j) not in (name, 'return', 'TRY', 'goto', 'break', 'continue', ''):
                    j += 1
                if reader.tok(j) != name:
                    yield reader.at[i], name


def functions(path):
    return list(Reader(path).functions())
