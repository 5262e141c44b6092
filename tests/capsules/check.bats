#!/usr/bin/env bats
load environment.bash

# A state file: run, result, finished, last success; times as seconds before now.
state_file() {
  {
    printf 'result=%s\nidentifier=2026-03-01\nstarted=%s\nfinished=%s\n' "$2" "$(( now - $3 ))" "$(( now - $3 ))"
    if [[ -n "$4" ]]; then printf 'last_success=%s\n' "$(( now - $4 ))"; else printf 'last_success=\n'; fi
  } >"state/runs/$1"
  chmod 0644 "state/runs/$1"
}

# Everything is expected since so many seconds, by the clock that dates files.
expected_for() {
  touch -d "@$(( $(/usr/bin/date +%s) - $1 ))" state/expected/*
}

all_fine() {
  travel_to 2026-03-01
  now="$(<now)"
  expected_for 3600
  for run in backup_database backup_nightly backup_small; do state_file "$run" complete 3600 3600; done
}

@test "all is well, weekly runs are not due on the first day" {
  all_fine
  run -0 --separate-stderr bin/check_backups
  [[ "${#lines[@]}" == 1 && -z "$stderr" ]]
  [[ "$output" == "BACKUPS OK - 3 as expected, "*"scrub_nightly: not due yet"* ]]
  [[ "$output" == *"|"*" 'backup_nightly_age'=3600s;86520;172920;0;"* ]]
}

@test "any user may ask" {
  all_fine
  chmod 0755 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$LAB" state state/runs bin tools "$(dirname "$BATS_FILE_TMPDIR")"
  chmod 0644 now
  run -0 setpriv --reuid 65534 --regid 65534 --clear-groups bin/check_backups
}

@test "a partial run is a warning, repeated on stderr" {
  all_fine
  state_file backup_nightly partial 3600 90000
  run -1 --separate-stderr bin/check_backups
  [[ "$output" == "BACKUPS WARNING - "*"backup_nightly: the last run was partial, last complete 25 h ago"* ]]
  [[ "$stderr" == "$output" ]]
}

@test "late is a warning, too late is critical, also when partial" {
  all_fine
  state_file backup_nightly complete 86521 86521
  run -1 bin/check_backups
  state_file backup_nightly complete 172920 172920
  run -2 bin/check_backups
  state_file backup_nightly partial 60 172920
  run -2 bin/check_backups
}

@test "failed, never complete and from the future are critical" {
  all_fine
  state_file backup_nightly failed 60 3600
  run -2 bin/check_backups
  [[ "$output" == *'backup_nightly: the last run failed, last complete 1 h ago'* ]]
  state_file backup_nightly partial 60 ''
  run -2 bin/check_backups
  state_file backup_nightly complete -7200 -7200
  run -2 bin/check_backups
  [[ "$output" == *'dated in the future'* ]]
}

@test "a run that never happened is as late as if the last one had been at the installation" {
  all_fine
  rm state/runs/backup_nightly
  expected_for 80000
  run -0 --separate-stderr bin/check_backups
  [[ "$output" == *'2 as expected, backup_nightly: not due yet,'* && -z "$stderr" ]]
  expected_for 86530
  run -1 bin/check_backups
  [[ "$output" == *'backup_nightly: never ran,'* ]]
  expected_for 172930
  run -2 bin/check_backups
  [[ "$output" == *'backup_nightly: never ran,'*'scrub_nightly: not due yet'* ]]
  expected_for 10000000
  run -2 bin/check_backups
  [[ "$output" == *'scrub_nightly: never ran'* ]]
  expected_for -7200
  run -2 bin/check_backups
  [[ "$output" == *'backup_nightly: never ran, and was installed in the future'* ]]
  rmdir state/expected/backup_nightly
  expected_for 3600
  run -3 bin/check_backups
  [[ "$output" == *'nothing says since when it should have'* ]]
}

@test "started wrongly it knows nothing, and says so in one line" {
  all_fine
  run -3 --separate-stderr bin/check_backups --help
  [[ "$output" == 'BACKUPS UNKNOWN - check_backups takes no arguments' ]]
  run -3 --separate-stderr unshare --uts bash -c 'echo other >/proc/sys/kernel/hostname; bin/check_backups'
  [[ "$output" == 'BACKUPS UNKNOWN - this check was built for node unit, but this is other' && "$stderr" == "$output" ]]
  mv tools/date tools/date.shim
  printf '#!/bin/bash\nkill -9 $$\n' >tools/date
  chmod 0755 tools/date
  run -3 --separate-stderr bin/check_backups
  mv -f tools/date.shim tools/date
  [[ "${#lines[@]}" == 1 && "$output" == 'BACKUPS UNKNOWN - the clock cannot be read' ]]
}

@test "what cannot be understood is unknown, and critical outweighs it" {
  all_fine
  printf 'result=complete\nfinished=$(id)\n' >state/runs/backup_nightly
  run -3 bin/check_backups
  [[ "$output" == "BACKUPS UNKNOWN - "* ]]
  state_file backup_small failed 60 60
  run -2 bin/check_backups
  [[ "$output" == *'makes no sense'*'the last run failed'* ]]
}

@test "without its state directory it knows nothing, and says so" {
  all_fine
  mv state away
  run -3 --separate-stderr bin/check_backups
  mv away state
  [[ "$output" == "BACKUPS UNKNOWN - there is no $LAB/state: run install.sh" && "$stderr" == "$output" ]]
}

@test "backups are listed with what they are" {
  travel_to 2026-03-01
  bin/backup_nightly
  travel_to 2026-03-02
  rm data/file
  run -10 bin/backup_nightly
  mkdir store-nightly/{2030-01-01,.incomplete.2026-03-02,notes,2026-13-01}
  # From another node, a symbolic link must not be followed, nor anything but digits be shown.
  ln -s /etc/passwd store-nightly/2030-01-01/backup.info
  printf 'entries=\033[2J\nbytes=12\n' >store-nightly/2026-03-02.partial/backup.info
  run -0 bin/list_backups
  [[ "${lines[0]}" == PLAN*SOURCE*IDENTIFIER*STATE*ENTRIES*BYTES*PUBLISHED ]]
  [[ "$(grep -c '^nightly' <<<"$output")" == 3 ]]
  [[ "$output" =~ nightly\ +unit\ +2026-03-01\ +complete\ +[0-9]+\ +[0-9]+\ +20 ]]
  [[ "$output" =~ nightly\ +unit\ +2026-03-02\ +partial\ +-\ +12\ +20 ]]
  [[ "$output" =~ nightly\ +unit\ +2030-01-01\ +complete,\ in\ the\ future\ +-\ +-\ +20 ]]
  [[ "$output" =~ small\ +unit\ +-\ +none ]]
}

@test "a scrub finds a flipped bit, a changed mode, and what is missing or more, and says which" {
  travel_to 2026-03-01
  bin/backup_nightly
  travel_to 2026-03-02
  bin/backup_nightly
  run -0 bin/scrub_nightly
  [[ "$(state_of scrub_nightly result)" == complete ]]
  backup="store-nightly/2026-03-02/etc$LAB/data"
  # In both backups at once, for they share the file; time and size stay.
  touch -r "$backup/etc/sparse" stamp
  printf 'X' | dd of="$backup/etc/sparse" bs=1 seek=1000 conv=notrunc status=none
  touch -r stamp "$backup/etc/sparse"
  rm "$backup/file"
  echo more >"$backup/etc/empty/more"
  chmod 0600 "store-nightly/2026-03-02/guarded$LAB/data/guarded/CANARY"
  run -65 --separate-stderr bin/scrub_nightly
  [[ "$(grep -c 'changed .*etc/sparse: digest' <<<"$stderr")" == 2 ]]
  [[ "$stderr" == *"missing etc$LAB/data/file"* ]]
  [[ "$stderr" == *"unexpected etc$LAB/data/etc/empty/more"* ]]
  [[ "$stderr" == *'CANARY: mode 644 -> 600'* ]]
  [[ "$(state_of scrub_nightly result)" == failed ]]
}

@test "a scrub reads each inode once" {
  for day in 01 02; do
    travel_to "2026-03-$day"
    bin/backup_nightly
  done
  fake sha256sum <<<'printf "%s\n" "$@" >>"${0%/tools/*}/log/read"; exec "$REAL" "$@"'
  bin/scrub_nightly
  [[ "$(grep -c 'CANARY$' log/read)" == 1 ]]
  real sha256sum
}

@test "a collected tree is scrubbed by the account that owns it, from what rsync stored" {
  travel_to 2026-03-01
  bin/backup_nightly
  account=$(( 0x7ABCDEF0 ))
  for up in "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$(dirname "$BATS_FILE_TMPDIR")" "$LAB" tools; do chmod a+x "$up"; done
  mkdir -p -m 0711 collection
  mkdir -m 0750 collection/unit
  chown "0:$account" collection/unit
  install -d -m 0700 -o "$account" -g "$account" collection/unit/2026-03-01
  # The receiving half runs as the account, behind what looks like a remote shell.
  printf '#!/bin/bash\nshift\nexec setpriv --reuid %s --regid %s --clear-groups -- "$@"\n' "$account" "$account" >shell
  chmod 0755 shell
  rsync -aHAXS --numeric-ids --modify-window=-1 -M--fake-super -e ./shell store-nightly/2026-03-01/ \
    "here:$LAB/collection/unit/2026-03-01/"
  run -0 --separate-stderr bin/scrub_collection
  [[ -z "$stderr" ]]
  stored="collection/unit/2026-03-01/etc$LAB/data/etc"
  setfattr -n user.rsync.%stat -v '100755 0,0 0:0' "$stored/one"
  printf 'else' >"$stored/dangling"
  run -65 --separate-stderr bin/scrub_collection
  [[ "$stderr" == *'/one: mode 4751 -> 755 uid 12345 -> 0 gid 54321 -> 0'* ]]
  [[ "$stderr" == *'/dangling: size 8 -> 4'* ]]
}

@test "a health check hears of every run, by node and capsule, and whether it was complete" {
  travel_to 2026-03-01
  bin/backup_nightly
  [[ "$(<health-checks)" == 'https://health.example/key/unit-backup_nightly' ]]
  mv data/file data/away
  travel_to 2026-03-02
  run -10 --separate-stderr bin/backup_nightly
  [[ "$(tail -n 1 health-checks)" == 'https://health.example/key/unit-backup_nightly/fail' ]]
  [[ "$(wc -l <health-checks)" == 2 ]]
}

@test "a health check that cannot be called spoils nothing and mails nobody" {
  fake curl <<<'exit 7'
  travel_to 2026-03-01
  run --separate-stderr -0 bin/backup_nightly
  [[ -z "$output$stderr" ]]
  grep -q ' notice HEALTH-CHECK-UNREACHABLE ' log/backup_nightly.log
  [[ "$(state_of backup_nightly result)" == complete ]]
}
