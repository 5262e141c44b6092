#!/usr/bin/env bats
load environment.bash

setup_file() {
  render_capsules
  export SERVER
  SERVER="$(mktemp -d /tmp/capsule-mysql.XXXXXX)"
  chmod 0755 "$SERVER"
  ln -s "$SERVER" "$LAB/mysql"
  install -d -o mysql -g mysql "$SERVER/data"
  chown mysql "$SERVER"
  # --force: a machine that cannot look up its own name has a server all the same
  mariadb-install-db --no-defaults --user=mysql --datadir="$SERVER/data" --auth-root-authentication-method=socket \
    --auth-root-socket-user=root --skip-test-db --force
  start_server
}

start_server() {
  mariadbd --no-defaults --user=mysql --datadir="$SERVER/data" --socket="$SERVER/socket" --pid-file="$SERVER/pid" \
    --skip-networking --innodb-buffer-pool-size=32M --event-scheduler=ON --log-error="$SERVER/log" 3>&- &
  local attempt
  for attempt in {1..100}; do
    if sql 'SELECT 1' >/dev/null 2>&1; then return 0; fi
    sleep 0.2
  done
  return 1
}

teardown_file() {
  # bats says nothing about a failed setup_file if this fails too
  if [[ -e "$SERVER/pid" ]]; then kill "$(<"$SERVER/pid")"; fi
  while [[ -e "$SERVER/pid" ]]; do sleep 0.1; done
  rm -rf "$SERVER"
}

teardown() {
  real mariadb-dump
}

sql() {
  mariadb --no-defaults --socket="$SERVER/socket" --user=root --batch --skip-column-names --execute="$1"
}

dump() {
  printf '%s' "store-database/2026-03-$1/mysql/all-databases.sql"
}

fill() {
  sql "DROP DATABASE IF EXISTS nova; DROP DATABASE IF EXISTS \`odd\`\`name\`; CREATE DATABASE nova; USE nova;
    CREATE TABLE parent (id INT PRIMARY KEY) ENGINE=InnoDB;
    CREATE TABLE t (id INT PRIMARY KEY, b BLOB, p INT, FOREIGN KEY (p) REFERENCES parent (id)) ENGINE=InnoDB;
    INSERT INTO parent VALUES (1); INSERT INTO t VALUES (1, UNHEX('00FF0A27'), 1), (2, 'it''s \\\\ %', 1);
    CREATE VIEW v AS SELECT id FROM t; CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 7;
    CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.p = 1;
    CREATE EVENT ev ON SCHEDULE EVERY 1 YEAR DO DELETE FROM nova.t;
    CREATE DATABASE \`odd\`\`name\`; CREATE TABLE \`odd\`\`name\`.\`a b\` (x INT); INSERT INTO \`odd\`\`name\`.\`a b\` VALUES (3);
    CREATE USER IF NOT EXISTS 'glance'@'%' IDENTIFIED BY 'not a secret'; GRANT SELECT ON nova.* TO 'glance'@'%'"
}

everything() {
  sql "SELECT schema_name FROM information_schema.schemata ORDER BY 1; SELECT id, HEX(b), p FROM nova.t ORDER BY 1;
    SELECT nova.f(); SELECT * FROM nova.v ORDER BY 1; SELECT * FROM \`odd\`\`name\`.\`a b\`; SHOW GRANTS FOR 'glance'@'%';
    SELECT trigger_name, action_statement FROM information_schema.triggers WHERE trigger_schema = 'nova';
    SELECT event_name, event_definition FROM information_schema.events"
}

@test "mysql: everything comes back, and what came later is gone" {
  fill
  before="$(everything)"
  travel_to 2026-03-01
  bin/backup_database
  [[ "$(tail -n 1 "$(dump 01)")" == '-- Dump completed' ]]
  [[ "$(stat -c %a "$(dump 01)")" == 600 ]]
  run -1 grep -r 'not a secret' bin log state
  sql "DROP TABLE nova.t; CREATE TABLE nova.later (x INT); CREATE DATABASE later; DROP USER 'glance'@'%'"
  restore mysql "$PWD/store-database/2026-03-01/mysql"
  [[ "$(everything)" == "$before" ]]
  [[ "$(sql 'SHOW TABLES IN nova')" != *later* ]]
}

@test "mysql: an unchanged dump costs nothing, a changed one does not touch yesterday's" {
  fill
  travel_to 2026-03-01
  bin/backup_database
  travel_to 2026-03-02
  bin/backup_database
  [[ "$(dump 01)" -ef "$(dump 02)" ]]
  sql 'INSERT INTO nova.parent VALUES (9)'
  travel_to 2026-03-03
  bin/backup_database
  [[ ! "$(dump 02)" -ef "$(dump 03)" ]]
  grep -q 'INSERT INTO `parent`' "$(dump 03)"
  bin/scrub_database
}

@test "mysql: a dump that breaks off, without its end or with an error, is no backup" {
  travel_to 2026-03-01
  fake mariadb-dump <<<'"$REAL" "$@" | head -n 20'
  run -74 --separate-stderr bin/backup_database
  [[ "$stderr" == *DUMP-TRUNCATED* ]]
  fake mariadb-dump <<<'"$REAL" "$@"; echo "lost connection" >&2; exit 3'
  run -74 --separate-stderr bin/backup_database
  [[ "$stderr" == *'lost connection'* ]]
  [[ "$(names store-database)" == '' ]]
}

@test "mysql: with the server down the run fails, and the next one succeeds" {
  travel_to 2026-03-01
  bin/backup_database
  mv "$SERVER/socket" "$SERVER/socket.away"
  travel_to 2026-03-02
  run -74 --separate-stderr bin/backup_database
  [[ "$stderr" == *socket* ]]
  [[ "$(names store-database)" == '2026-03-01 ' ]]
  mv "$SERVER/socket.away" "$SERVER/socket"
  bin/backup_database
}

@test "mysql: a truncated dump is not restored" {
  fill
  travel_to 2026-03-01
  bin/backup_database
  mkdir damaged
  head -n -1 "$(dump 01)" >damaged/all-databases.sql
  before="$(everything)"
  run -65 restore mysql "$PWD/damaged"
  [[ "$output" == *DUMP-TRUNCATED* ]]
  [[ "$(everything)" == "$before" ]]
  rm -r damaged
}

@test "mysql: the preview names the databases" {
  fill
  run -0 bin/preview_database
  [[ "$output" == *nova* ]]
}

@test "paths: a restore brings everything back, deletes what came later, and leaves what is excluded" {
  travel_to 2026-03-01
  bin/backup_nightly
  touch -d '2001-01-01 UTC' data/etc/cache
  walk data/etc >before
  rm -r data/etc/one data/etc/empty data/file
  echo changed >data/etc/dangling-not
  mkdir data/etc/later
  chmod 0700 data/etc/sparse
  echo kept >data/etc/cache/kept
  restore etc "$PWD/store-nightly/2026-03-01/etc"
  [[ "$(<data/etc/cache/kept)" == kept && "$(<data/file)" == single && ! -e data/etc/later ]]
  rm data/etc/cache/kept
  touch -d '2001-01-01 UTC' data/etc/cache
  touch -r "store-nightly/2026-03-01/etc$LAB/data/etc" data/etc
  walk data/etc >after
  diff before after
}

@test "paths: a restore into nothing makes the directories above as they were" {
  chmod 0751 data
  chown 77:88 data
  travel_to 2026-03-01
  bin/backup_nightly
  mv data gone
  restore etc "$PWD/store-nightly/2026-03-01/etc"
  [[ "$(stat -c %u:%g:%a data)" == 77:88:751 ]]
  rm -r gone/etc/cache
  touch -r data/etc gone/etc
  same gone/etc data/etc
  rm -r gone
}

@test "paths: a restore through a path that is a link keeps the link" {
  mv data/etc data/real
  ln -s real data/etc
  travel_to 2026-03-01
  bin/backup_nightly
  rm data/real/one
  restore etc "$PWD/store-nightly/2026-03-01/etc"
  [[ -L data/etc && -f data/real/one ]]
}

@test "paths: an attacker's link below a path is replaced, not followed" {
  travel_to 2026-03-01
  bin/backup_nightly
  mkdir data/victim
  rmdir data/etc/empty
  ln -s ../victim data/etc/empty
  touch data/victim/safe
  restore etc "$PWD/store-nightly/2026-03-01/etc"
  [[ ! -L data/etc/empty && -d data/etc/empty && -e data/victim/safe ]]
}
