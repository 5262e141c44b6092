"""A stand-in for LVM: logical volumes are loop devices, and what LVM would know of them lies in files."""

from __future__ import annotations

from source_world import Source

# In the namespace /dev is a directory of its own, so that the volumes' device nodes are seen by nobody else.
DEVICES = """set -e
mkdir -p "$ROOT/volumes"
mount -t tmpfs -o mode=755 dev /dev
for node in "null 1 3" "zero 1 5" "urandom 1 9"; do set -- $node; mknod -m 666 "/dev/$1" c "$2" "$3"; done
ln -s /proc/self/fd /dev/fd
mknod /dev/loop-control c 10 237
for number in $(seq 0 63); do mknod "/dev/loop$number" b 7 "$number"; done
mkdir /dev/vg
"""

# new_volume <name> <file>: the file is a logical volume from now on.
FUNCTIONS = """
new_volume() {
  local loop
  loop="$(losetup --find --show ${3:-} "$2")"
  cp -a "$loop" "/dev/vg/$1"
  printf '%s' "$loop" >"$ROOT/volumes/$1.loop"
}
"""

LVCREATE = """printf '%s\\n' "$*" >>"$ROOT/volumes/calls"
[[ ! -e "$ROOT/volumes/full" ]] || { echo 'Insufficient free space' >&2; exit 5; }
while (( $# > 1 )); do
  case "$1" in --name) name=$2 ;; --addtag) tag=$2 ;; --) origin="${2#vg/}" ;; esac
  shift
done
cp "$ROOT/volumes/$origin.image" "$ROOT/volumes/$name.image"
[[ ! -e "$ROOT/volumes/slow" ]] || sleep 3
new_volume "$name" "$ROOT/volumes/$name.image" --read-only
printf '%s|%s' "$tag" "$origin" >"$ROOT/volumes/$name.marks"
[[ ! -e "$ROOT/volumes/slow" ]] || sleep 3
"""

LVREMOVE = """[[ ! -e "$ROOT/volumes/in-use" ]] || { echo 'contains a filesystem in use' >&2; exit 5; }
name="${!#}"; name="${name#vg/}"
losetup --detach "$(<"$ROOT/volumes/$name.loop")" || exit 5
rm -f "/dev/vg/$name" "$ROOT/volumes/$name".*
"""

# Fields are told from a file, if there is one: `lv_attr` in `<volume>.lv_attr`.
LVS = """fields='' select='' target="${!#}"
while (( $# > 0 )); do
  case "$1" in --options) fields=$2 ;; --select) select=$2 ;; esac
  shift
done
if [[ -n "$select" ]]; then
  [[ "$fields" == lv_name,lv_tags,origin,lv_suspended ]] || exit 3
  for name in $(grep -o 'lv_name = "[^"]*"' <<<"$select" | cut -d '"' -f 2); do
    [[ -e "/dev/vg/$name" ]] || continue
    marks="$(cat "$ROOT/volumes/$name.marks" 2>/dev/null || echo '|')"
    printf '  %s|%s|%s\\n' "$name" "$marks" "$(cat "$ROOT/volumes/$name.lv_suspended" 2>/dev/null || echo 0)"
  done
  exit 0
fi
name="${target#vg/}"
[[ -e "/dev/vg/$name" || "$name" == pool ]] || { echo "Failed to find logical volume $target" >&2; exit 5; }
declare -A usual=([lv_snapshot_invalid]=0 [data_percent]=3.50 [lv_attr]='sri-aos---' [pool_lv]=pool
  [metadata_percent]=2.00 [lv_health_status]='' [lv_suspended]=0)
answer=''
for field in ${fields//,/ }; do
  value="${usual[$field]}"
  [[ ! -e "$ROOT/volumes/$name.$field" ]] || value="$(<"$ROOT/volumes/$name.$field")"
  answer+="|$value"
done
printf '  %s\\n' "${answer#|}"
"""


def make_volume(source: Source) -> None:
    """The logical volume ``vg/lv``, ext4, mounted at ``fs``, with a file in ``fs/app``."""
    for tool, script in (("lvcreate", FUNCTIONS + LVCREATE), ("lvremove", LVREMOVE), ("lvs", LVS)):
        source.stand_in(tool, script)
    script = f"""ROOT={source.root}; {DEVICES}{FUNCTIONS}
        truncate -s 24M "$ROOT/volumes/lv.image"
        mkfs.ext4 -q "$ROOT/volumes/lv.image"
        new_volume lv "$ROOT/volumes/lv.image"
        mkdir "$ROOT/fs"
        mount -o commit=1 /dev/vg/lv "$ROOT/fs"
        mkdir "$ROOT/fs/app"; echo one >"$ROOT/fs/app/file"; echo other >"$ROOT/fs/other"
        sync -f "$ROOT/fs" """
    made = source.command("bash", "-c", script)
    assert made.returncode == 0, made.stderr


def say_of(source: Source, volume: str, **fields: str) -> None:
    """What LVM says of ``volume`` from now on."""
    for field, value in fields.items():
        (source.root / "volumes" / f"{volume}.{field}").write_text(value)


def remove_volumes(source: Source) -> None:
    """Give the loop devices back."""
    script = f"""umount -R {source.root}/fs; umount -R /run/capsule/test/deployment/*/*/* {source.root}/snapshot
        umount {source.root}/snapshot
        for loop in {source.root}/volumes/*.loop; do losetup --detach "$(cat "$loop")"; done; true"""
    source.command("bash", "-c", script)
