#!/usr/bin/env bats
load environment.bash

teardown() {
  real rsync
  real find
  real sha256sum
}

@test "a backup holds everything as it was, but for what is excluded" {
  rm -rf data/etc/cache/file   # excluded: the directory itself and all that is in it
  travel_to 2026-03-01
  bin/backup_nightly
  rmdir data/etc/cache
  touch -r store-nightly/2026-03-01/etc"$LAB"/data/etc data/etc
  same data/etc "store-nightly/2026-03-01/etc$LAB/data/etc"
  same data/file "store-nightly/2026-03-01/etc$LAB/data/file"
  same "data/it's a \$(touch " "store-nightly/2026-03-01/etc$LAB/data/it's a \$(touch "
  [[ "$(stat -c %b "store-nightly/2026-03-01/etc$LAB/data/etc/sparse")" -lt 100 ]]
  [[ ! -e /tmp/pwned && ! -e /pwned ]]
  [[ "$(names store-nightly)" == '2026-03-01 ' ]]
}

@test "excluded is what the inventory says, anchored, and nothing else" {
  mkdir -p data/etc/deeper/cache
  travel_to 2026-03-01
  bin/backup_nightly
  [[ ! -e "store-nightly/2026-03-01/etc$LAB/data/etc/cache" ]]
  [[ -d "store-nightly/2026-03-01/etc$LAB/data/etc/deeper/cache" ]]
}

@test "unchanged files cost nothing on the next day, changed ones do not touch yesterday's" {
  travel_to 2026-03-01
  bin/backup_nightly
  before="$(walk store-nightly/2026-03-01)"
  echo changed >data/file
  travel_to 2026-03-02
  bin/backup_nightly
  [[ "$(walk store-nightly/2026-03-01)" == "$before" ]]
  old="store-nightly/2026-03-01/etc$LAB/data" new="store-nightly/2026-03-02/etc$LAB/data"
  [[ "$old/etc/sparse" -ef "$new/etc/sparse" ]]
  [[ ! "$old/file" -ef "$new/file" ]]
  [[ "$(<"$new/file")" == changed ]]
}

@test "the manifest is what sha256sum says, also for digests that were reused" {
  travel_to 2026-03-01
  bin/backup_nightly
  travel_to 2026-03-02
  # Nothing has changed: no regular file of the first backup may be read again.
  fake sha256sum <<<'printf "%s\0" "$@" >>"${0%/tools/*}/log/read"; exec "$REAL" "$@"'
  bin/backup_nightly
  run -1 grep -az CANARY log/read
  cd store-nightly/2026-03-02
  awk -F '\t' '$1 == "f" { print $8 "  " $9 }' manifest | grep -v '\\' | sha256sum --check --quiet
  [[ "$(sha256sum <manifest)" == "$(sed -n 's/^manifest_sha256=//p' backup.info)"* ]]
}

@test "retention: two days, and nothing of it after a failed run" {
  for day in 01 02 03; do
    travel_to "2026-03-$day"
    bin/backup_nightly
  done
  [[ "$(names store-nightly)" == '2026-03-02 2026-03-03 ' ]]
  travel_to 2026-03-04
  mv data/guarded data/elsewhere
  run -10 bin/backup_nightly
  [[ "$(names store-nightly)" == '2026-03-02 2026-03-03 2026-03-04.partial ' ]]
  mv data/elsewhere data/guarded
  travel_to 2026-03-05
  bin/backup_nightly
  [[ "$(names store-nightly)" == '2026-03-03 2026-03-04.partial 2026-03-05 ' ]]
  travel_to 2026-03-06
  bin/backup_nightly
  [[ "$(names store-nightly)" == '2026-03-05 2026-03-06 ' ]]
}

@test "a missing expected path makes the run partial; the same day's complete run replaces it" {
  travel_to 2026-03-01
  bin/backup_nightly
  success="$(state_of backup_nightly last_success)"
  travel_to 2026-03-02
  mv data/file data/away
  run -10 --separate-stderr bin/backup_nightly
  [[ "$stderr" == *'an expected path is missing'*"$LAB/data/file"* ]]
  grep -q ' error DATASET-PARTIAL an expected path is missing' log/backup_nightly.log
  [[ "$(names store-nightly)" == '2026-03-01 2026-03-02.partial ' ]]
  [[ "$(state_of backup_nightly result) $(state_of backup_nightly last_success)" == "partial $success" ]]
  grep -q '^capsule_last_run_result{.*} 1$' metrics/capsule_test_backup_nightly.prom
  grep -q "^capsule_last_success_timestamp_seconds{.*} $success\$" metrics/capsule_test_backup_nightly.prom
  mv data/away data/file
  bin/backup_nightly
  [[ "$(names store-nightly)" == '2026-03-01 2026-03-02 ' ]]
  [[ "$(state_of backup_nightly result)" == complete ]]
  run -0 bin/backup_nightly
  [[ "$(tail -n 1 log/backup_nightly.log)" == *BACKUP-EXISTS* ]]
}

@test "a directory that is a link is followed, and never saved as a bare link" {
  mv data/etc data/real
  ln -s real data/etc
  travel_to 2026-03-01
  bin/backup_nightly
  [[ -f "store-nightly/2026-03-01/etc$LAB/data/etc/sparse" ]]
}

@test "a link that leads to the store is not followed" {
  mv data/etc data/away
  ln -s "$LAB" data/etc
  travel_to 2026-03-01
  run -10 --separate-stderr bin/backup_nightly
  [[ "$stderr" == *'leads to the store'* ]]
  [[ ! -e "store-nightly/2026-03-01.partial/etc$LAB/data/etc" ]]
}

@test "without its canary a dataset is partial" {
  travel_to 2026-03-01
  mv data/guarded/CANARY data/guarded/other
  run -10 --separate-stderr bin/backup_nightly
  [[ "$stderr" == *'the canary is not there'* ]]
}

@test "without its mount a dataset is partial, with it complete" {
  sed "s|back_up 'guarded' ''|back_up 'guarded' '$LAB/data/guarded'|" bin/backup_nightly >mounted
  grep -q "back_up 'guarded' '/" mounted
  travel_to 2026-03-01
  run -10 --separate-stderr bash mounted
  [[ "$stderr" == *'nothing is mounted there'* ]]
  unshare --mount bash -euc 'mount --bind data/guarded data/guarded; bash mounted'
  [[ "$(names store-nightly)" == '2026-03-01 ' ]]
  rm mounted
}

@test "a dataset that shrank is partial until root accepts its size, once" {
  travel_to 2026-03-01
  bin/backup_nightly
  run -0 bin/acknowledge_nightly
  [[ "$output" == *'nothing to accept'* ]]
  travel_to 2026-03-02
  : >data/guarded/CANARY
  run -10 --separate-stderr bin/backup_nightly
  [[ "$stderr" == *'it shrank below 50 %'*acknowledge_nightly* ]]
  run -0 bin/acknowledge_nightly
  [[ "$output" == *'dataset guarded'* ]]
  bin/backup_nightly
  [[ "$(names store-nightly)" == '2026-03-01 2026-03-02 ' ]]
  # The next loss is a new one.
  seq 1 1000 >data/guarded/CANARY
  travel_to 2026-03-03
  bin/backup_nightly
  : >data/guarded/CANARY
  travel_to 2026-03-04
  run -10 bin/backup_nightly
}

@test "a backup dated in the future is said, kept, and never a reference" {
  travel_to 2026-03-09
  bin/backup_nightly
  travel_to 2026-03-01
  run -0 --separate-stderr bin/backup_nightly
  [[ "$stderr" == *FUTURE-BACKUP*2026-03-09* ]]
  [[ "$(sed -n 's/^reference=//p' store-nightly/2026-03-01/backup.info)" == '' ]]
  [[ "$(names store-nightly)" == '2026-03-01 2026-03-09 ' ]]
}

@test "files that vanish are normal, unreadable ones are partial, a broken rsync fails its dataset only" {
  travel_to 2026-03-01
  fake rsync <<<'"$REAL" "$@"; exit 24'
  bin/backup_nightly
  travel_to 2026-03-02
  fake rsync <<<'"$REAL" "$@"; echo "cannot read something" >&2; exit 23'
  run -10 --separate-stderr bin/backup_nightly
  [[ "$stderr" == *'cannot read something'* ]]
  travel_to 2026-03-03
  fake rsync <<<'case "$*" in *CANARY*|*guarded*) exit 12 ;; *) exec "$REAL" "$@" ;; esac'
  run -10 bin/backup_nightly
  [[ -d store-nightly/2026-03-03.partial/etc && ! -e store-nightly/2026-03-03.partial/guarded ]]
  travel_to 2026-03-04
  fake rsync <<<'exit 12'
  mkdir data/opt
  run -74 --separate-stderr bin/backup_nightly
  [[ "$stderr" == *'every dataset failed'* ]]
  [[ "$(names store-nightly)" == '2026-03-01 2026-03-02.partial 2026-03-03.partial ' ]]
}

@test "a manifest that cannot be made whole fails the run" {
  travel_to 2026-03-01
  fake find <<<'"$REAL" "$@"; exit 1'
  run -74 bin/backup_nightly
  [[ "$(names store-nightly)" == '' ]]
}

@test "a full store fails the run, leaves nothing behind and history as it was" {
  unshare --mount bash -euc '
    mount -t tmpfs -o size=3m,mode=0700 tmpfs store-small
    rm data/etc/sparse
    head -c 1M /dev/urandom >data/etc/big
    echo 1772366400 >now    # 2026-03-01 12:00
    bin/backup_small
    find store-small | sort >before
    head -c 4M /dev/urandom >data/etc/big
    echo 1772452800 >now
    status=0
    bin/backup_small 2>errors || status=$?
    [[ "$status" == 74 ]]
    grep STORE-FULL errors
    find store-small | sort | diff before -
    head -c 1K /dev/urandom >data/etc/big
    bin/backup_small && exit 1   # it shrank
    bin/acknowledge_small
    bin/backup_small
  '
}

@test "the time limit holds for the whole run" {
  travel_to 2026-03-01
  fake rsync <<<'exec sleep 100'
  SECONDS=0
  run -74 bin/backup_small
  (( SECONDS < 20 ))
  [[ "$(names store-small)" == '' ]]
  [[ "$(state_of backup_small result)" == failed ]]
}

@test "an exposed or missing store is refused" {
  chmod 0755 store-nightly
  run -78 bin/backup_nightly
  rmdir store-nightly
  run -73 bin/backup_nightly
}

# refused_and_untouched: tonight's run, because of whose the store is.
refused_and_untouched() {
  find store-nightly -printf '%p %i %T@\n' | sort >before
  run -78 --separate-stderr bin/backup_nightly
  [[ "$stderr" == *STORE-FOREIGN* && "$(state_of backup_nightly result)" == failed ]]
  find store-nightly -printf '%p %i %T@\n' | sort | diff before -
}

@test "a store of another deployment is refused, an unmarked one of this deployment is adopted" {
  local mark=store-nightly/.capsule/owner day
  for day in 01 02; do
    travel_to "2026-03-$day"
    bin/backup_nightly
  done
  [[ "$(<"$mark")" == test/nightly && "$(stat -c %a:%u store-nightly/.capsule)" == 700:0 ]]
  travel_to 2026-03-03
  echo other/nightly >"$mark"
  refused_and_untouched
  [[ "$stderr" == *'owner="other/nightly" here="test/nightly"'* ]]
  # as an earlier build has left it, and then as one of another deployment has
  rm -r store-nightly/.capsule
  sed -i 's/^deployment=test$/deployment=other/' store-nightly/2026-03-01/backup.info
  refused_and_untouched
  [[ "$stderr" == *'write its name into the mark'*backup=*2026-03-01*name=\"test/nightly\"*mark=*/store-nightly/.capsule/owner* ]]
  sed -i 's/^deployment=other$/deployment=test/' store-nightly/2026-03-01/backup.info
  bin/backup_nightly
  [[ "$(<"$mark")" == test/nightly && "$(names store-nightly)" == '2026-03-02 2026-03-03 ' ]]
  # what a person writes there is so; nothing is not
  travel_to 2026-03-04
  sed -i 's/^deployment=test$/deployment=other/' store-nightly/2026-03-03/backup.info
  : >"$mark"
  refused_and_untouched
  [[ "$stderr" == *'it does not say whose it is'* ]]
  echo test/nightly >"$mark"
  bin/backup_nightly
  [[ "$(names store-nightly)" == '2026-03-03 2026-03-04 ' ]]
}

@test "arguments, another user and another node are refused" {
  run -64 bin/backup_nightly --help
  chmod 0755 "$LAB" "$LAB/bin"
  run -77 setpriv --reuid 65534 --clear-groups bash <bin/backup_nightly
  run -78 unshare --uts bash -c 'echo other >/proc/sys/kernel/hostname; bin/backup_nightly'
  [[ "$(names store-nightly)" == '' ]]
}

@test "a second run ends with 75 and leaves the first one alone" {
  travel_to 2026-03-01
  fake rsync <<<'sleep 1; exec "$REAL" "$@"'
  bin/backup_nightly &
  sleep 0.5
  run -75 bin/backup_nightly
  wait "$!"
  [[ "$(names store-nightly)" == '2026-03-01 ' ]]
}

@test "a signal ends the run at once, says so and cleans up" {
  travel_to 2026-03-01
  fake rsync <<<'exec sleep 100'
  for signal in INT TERM HUP; do
    # A background job of bats ignores SIGINT; a shell of its own does not.
    "${PYTHON:-python3}" -c 'import signal, subprocess, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
run = subprocess.Popen(["bin/backup_nightly"], stderr=open("errors", "w"))
import time
time.sleep(0.7)
run.send_signal(getattr(signal, "SIG" + sys.argv[1]))
assert run.wait(10) == 74' "$signal"
    grep "stopped by a signal signal=\"$signal\"" errors
    [[ "$(names store-nightly)" == '' ]]
    [[ "$(state_of backup_nightly result)" == failed ]]
  done
}

@test "kill -9 at any instant: only complete backups are visible and the next run succeeds" {
  travel_to 2026-03-01
  bin/backup_nightly
  before="$(walk store-nightly/2026-03-01)"
  fake rsync <<<'"$REAL" "$@"; status=$?; sleep 0.05; exit "$status"'
  RANDOM=4711
  travel_to 2026-03-02
  for attempt in {1..16}; do
    setsid bin/backup_nightly 2>/dev/null &
    pid=$!
    sleep "0.$(printf '%03d' $(( RANDOM % 500 )))"
    if (( attempt % 2 )); then
      kill -9 -- "-$pid" || true   # the whole group
    else
      kill -9 "$pid" || true       # the script alone
    fi
    wait "$pid" || true
    [[ "$(walk store-nightly/2026-03-01)" == "$before" ]]
    if [[ -d store-nightly/2026-03-02 ]]; then
      bin/scrub_nightly
      rm -rf store-nightly/2026-03-02
    fi
  done
  [[ ! -d store-nightly/2026-03-02.partial ]]
  bin/backup_nightly
  [[ "$(names store-nightly)" == '2026-03-01 2026-03-02 ' ]]
  bin/scrub_nightly
}

@test "whichever call of date is killed, the run says how it ended and the next one is complete" {
  travel_to 2026-03-01
  bin/backup_nightly
  mv tools/date tools/date.shim
  for doomed in {1..40}; do
    rm -rf store-nightly/2026-03-02* state/runs/backup_nightly log/backup_nightly.log calls
    printf '#!/bin/bash\nprintf x >>%q/calls\n[[ "$(wc -c <%q/calls)" != %s ]] || kill -9 $$\nexec %q/tools/date.shim "$@"\n' \
      "$LAB" "$LAB" "$doomed" "$LAB" >tools/date
    chmod 0755 tools/date
    travel_to 2026-03-02
    status=0
    bin/backup_nightly 2>errors || status=$?
    (( $(wc -c <calls) >= doomed )) || break
    printf 'call %s: %s\n' "$doomed" "$status"
    (( status == 0 || (status >= 64 && status <= 78) ))
    if (( status == 0 )); then
      [[ "$(state_of backup_nightly result)" == complete && -d store-nightly/2026-03-02 ]]
    else
      [[ -s errors && "$(state_of backup_nightly result)" == failed ]]
      grep -q ' error ' log/backup_nightly.log
    fi
    [[ "$(state_of backup_nightly finished)" =~ ^[0-9]+$ ]]
    grep -vq '^20[0-9-]*T' log/backup_nightly.log && return 1
    bin/backup_nightly
    [[ "$(names store-nightly)" == '2026-03-01 2026-03-02 ' ]]
  done
  mv -f tools/date.shim tools/date
  (( doomed > 5 ))
}

@test "what fails after the backup is published is said, and is not the run's result" {
  travel_to 2026-03-01
  bin/backup_nightly
  travel_to 2026-03-02
  # rm refuses a directory
  mkdir -p state/acknowledged/nightly/accepted/odd
  run -0 --separate-stderr bin/backup_nightly
  [[ "$stderr" == *'warning: BACKUP-UNTIDY'* ]]
  [[ "$(state_of backup_nightly result)" == complete && "$(names store-nightly)" == '2026-03-01 2026-03-02 ' ]]
}

@test "a preview names what would happen and changes nothing" {
  travel_to 2026-03-01
  bin/backup_nightly
  travel_to 2026-03-02
  bin/backup_nightly
  travel_to 2026-03-03
  echo new >data/etc/new-file
  rm data/etc/one
  before="$(walk --with-change-times store-nightly data state log metrics)"
  run -0 bin/preview_nightly
  [[ "$output" == *"copy    "*new-file* ]]
  [[ "$output" == *"gone    "*etc/one* ]]
  [[ "$output" != *CANARY* ]]
  [[ "$output" == *'Pruned after a complete run'*2026-03-01* && "$output" != *$'\n'*'  2026-03-02'* ]]
  [[ "$(walk --with-change-times store-nightly data state log metrics)" == "$before" ]]
}
