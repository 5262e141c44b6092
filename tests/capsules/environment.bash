# shellcheck shell=bash
# What every file of these tests needs: capsules rendered once a file, everything else made anew for each test.

setup_file() {
  render_capsules
}

render_capsules() {
  bats_require_minimum_version 1.5.0
  export TESTS="$BATS_TEST_DIRNAME" LAB="$BATS_FILE_TMPDIR/lab"
  "${PYTHON:-python3}" "$TESTS/rendering.py" "$LAB"
}

setup() {
  cd "$LAB"
  rm -rf data state log metrics now store-* collection
  mkdir -p data/guarded state/{runs,locks,acknowledged} log metrics
  mkdir -p state/expected/{backup_{database,nightly,small},scrub_{database,nightly,small}}
  mkdir -m 0700 store-nightly store-small store-database
  date() { "$LAB/tools/date" "$@"; }
  rm -f "$LAB/health-checks"
  # no test may call anybody: what would be called is written down
  fake curl <<<'printf "%s\n" "${!#}" >>"${0%/tools/*}/health-checks"'
  make_data
}

# Everything that a file can be, under names that nothing may trip over.
make_data() {
  local odd long
  odd="data/it's a \$(touch /tmp/pwned) \"dir\" [x]*\\z"
  mkdir -p data/etc/cache data/etc/empty "$odd"
  echo one >data/etc/one
  ln data/etc/one data/etc/hard-link
  ln -s one data/etc/soft-link
  ln -s /nowhere data/etc/dangling
  printf 'odd' >data/etc/$'new\nline\ttab\\back\rreturn'
  printf 'odd' >data/etc/$'invalid\xff\xfeutf8'
  printf 'odd' >data/etc/"-leading 'quotes\" \$(touch pwned) 100% #"
  long="$(printf 'x%.0s' {1..255})"
  printf 'long' >"data/etc/$long"
  truncate -s 5M data/etc/sparse
  printf 'end' >>data/etc/sparse
  mknod data/etc/device c 5 6
  mkfifo data/etc/fifo
  chown 12345:54321 data/etc/one
  chmod 4751 data/etc/one
  chmod 1777 data/etc/empty
  setfattr -n user.note -v 'a value' data/etc/sparse
  setfattr -n trusted.note -v 'root only' data/etc/sparse
  setfacl -m u:4711:rw data/etc/sparse
  touch -d '1969-12-31 23:00:00 UTC' data/etc/cache
  touch -d '2001-02-03 04:05:06.789 UTC' data/etc/sparse
  echo left-out >data/etc/cache/file
  echo in >"$odd/file"
  echo single >data/file
  seq 1 1000 >data/guarded/CANARY
}

# travel_to <date>: noon of that day, UTC.
travel_to() {
  /usr/bin/date -u -d "$1 12:00" +%s >"$LAB/now"
}

# fake <tool>: its script comes on standard input; REAL is the real one.
fake() {
  { printf '#!/bin/bash\nREAL=%q\n' "/usr/bin/$1"; cat; } >"$LAB/tools/$1.fake"
  chmod 0755 "$LAB/tools/$1.fake"
  ln -sf "$LAB/tools/$1.fake" "$LAB/tools/$1"
}

real() {
  ln -sf "/usr/bin/$1" "$LAB/tools/$1"
}

walk() {
  "${PYTHON:-python3}" "$TESTS/walk.py" "$@"
}

# same <tree> <tree>: fails, and says where, if anything that a backup must keep differs.
same() {
  walk "$1" >"$BATS_TEST_TMPDIR/left"
  walk "$2" >"$BATS_TEST_TMPDIR/right"
  [[ -s "$BATS_TEST_TMPDIR/left" ]]
  diff "$BATS_TEST_TMPDIR/left" "$BATS_TEST_TMPDIR/right"
}

# names <directory>: everything in it, one line, also what is hidden, but for the mark of whose it is.
names() {
  find "$1" -mindepth 1 -maxdepth 1 ! -name .capsule -printf '%f\n' | sort | tr '\n' ' '
}

# state_of <capsule> <key>
state_of() {
  sed -n "s/^$2=//p" "$LAB/state/runs/$1"
}

# restore <dataset> <its directory in a backup>: runs the producer's own restore fragment, as a restore capsule does.
restore() {
  # shellcheck disable=SC2034  # for the fragment
  local dataset=$1 dataset_backup=$2 exit_data=65 rsync=/usr/bin/rsync scratch=$BATS_TEST_TMPDIR
  # shellcheck disable=SC2034
  local -a store_excludes=("--exclude=$LAB/store-nightly")
  limited() { "$@"; }
  log_event() { printf '%s\n' "$*"; }
  # shellcheck source=/dev/null
  source "parts/$dataset.functions"
  # shellcheck source=/dev/null
  source "parts/$dataset.restore"
}
