# The first process of a host. Its environment: LAB_BASE and LAB_DISK (directories), LAB_NAME, and LAB_TOLD,
# the descriptor that is told the process's number once the host's root is in place. LAB_GROUP is not empty if the
# host has a control group of its own. Standard input is the lab's lifeline.
set -euo pipefail

# read before the host's own /proc hides it: the number that the rest of the machine knows this process by
read -r number _ </proc/self/stat
root=$LAB_DISK/root

mount -t overlay "lab-$LAB_NAME" -o "lowerdir=$LAB_BASE,upperdir=$LAB_DISK/upper,workdir=$LAB_DISK/work" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
if [[ $LAB_GROUP ]]; then
  mount -t cgroup2 cgroup "$root/sys/fs/cgroup"
  # a group that hands controllers to others may hold no process itself
  mkdir "$root/sys/fs/cgroup/init"
  printf 0 >"$root/sys/fs/cgroup/init/cgroup.procs"
fi
mount -t tmpfs -o mode=0755 run "$root/run"
mkdir -m 1777 "$root/run/lock"
mkdir -m 0755 "$root/run/sshd"

mount -t tmpfs -o mode=0755 dev "$root/dev"
umask 000
while read -r name type major minor; do
  mknod -m 0666 "$root/dev/$name" "$type" "$major" "$minor"
done <<'DEVICES'
null c 1 3
zero c 1 5
full c 1 7
random c 1 8
urandom c 1 9
tty c 5 0
fuse c 10 229
btrfs-control c 10 234
loop-control c 10 237
DEVICES
for loop in {0..31}; do
  mknod -m 0660 "$root/dev/loop$loop" b 7 "$loop"
done
umask 022
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777 shm "$root/dev/shm"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
ln -s /proc/self/fd/0 "$root/dev/stdin"
ln -s /proc/self/fd/1 "$root/dev/stdout"
ln -s /proc/self/fd/2 "$root/dev/stderr"

printf '%s' "$LAB_NAME" >/proc/sys/kernel/hostname

cd "$root"
# the old root is stacked on the new one and then taken away: the host needs no directory for it
pivot_root . .
umount -l .
cd /
exec chroot . /usr/bin/env -i NUMBER="$number" TOLD="$LAB_TOLD" /bin/bash -c '
  printf "%s\n" "$NUMBER" >&"$TOLD"
  exec {TOLD}>&-
  # the lifeline ends when the lab does, however it does; bash reaps what is orphaned meanwhile
  read -r || :
'
