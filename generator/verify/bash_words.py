"""The closed lists behind the rules for capsules."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# In this order, as the very first statements; the regular expressions match one whole statement.
PROLOGUE = (
    (r"set -Eeuo pipefail", "make every failure end the script"),
    (r"shopt -s inherit_errexit( nullglob)?", "make failures in substitutions count"),
    (r"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "fix PATH"),
    (r"LC_ALL=C", "fix the locale"),
    (r"IFS=\$' \\t\\n'", "fix IFS"),
    (r"export PATH LC_ALL", "hand PATH and the locale on"),
    (r"umask 077", "fix the umask"),
    (r"unset BASH_ENV ENV CDPATH [A-Z_ ]+", "drop variables that change what bash does"),
)

# eval, source, `.`, command, builtin, enable, alias and hash are left out on purpose
BUILTINS = _words(
    ": [ break cd continue declare echo exec exit export false getopts jobs kill let local mapfile printf pwd read "
    "readarray readonly return set shift shopt test times trap true type typeset ulimit umask unset wait"
)

# Found through the script's own fixed PATH; none of them talks to a network. env, xargs, awk and sed can run other
# programs: what follows env and xargs is checked word by word, what awk and sed are given is read by people only.
PLAIN_TOOLS = _words(
    "awk basename cat chgrp chmod chown cmp comm cp cut dirname env expr getent getfattr grep head id install join "
    "ln ls mkdir mkfifo mktemp mountpoint mv nproc od paste readlink realpath rm rmdir sed seq setfacl setfattr "
    "sleep sort split stat sync tail tee touch tr truncate uname uniq wc xargs"
)

NEVER_ANYWHERE = _words(
    "ash bash busybox curl dash doas ftp lua nc ncat netcat node nsenter perl php pkexec python python2 "
    "python3 rsh ruby runuser sh socat ssh-agent su sudo sudoedit telnet unshare wget zsh"
)

# The one exception: functions of the script itself, as `declare -f` prints them, under an account with fewer rights.
OWN_PROGRAM = 'bash --noprofile --norc -c "$program"'

# they tell how, by whom or from where the script was started
HIDDEN_PARAMETERS = _words("BASH_ARGC BASH_ARGV BASH_ARGV0 BASH_SOURCE BASH_EXECUTION_STRING")
AMBIENT_VARIABLES = _words("SSH_ORIGINAL_COMMAND SSH_CONNECTION SSH_CLIENT SUDO_USER SUDO_COMMAND HOME USER")

KNOWN_VARIABLES = _words(
    "BASHPID BASH_COMMAND BASH_LINENO BASH_REMATCH EPOCHREALTIME EPOCHSECONDS EUID FUNCNAME IFS LC_ALL LINENO PATH "
    "PIPESTATUS PPID RANDOM REPLY SECONDS SRANDOM UID"
)
