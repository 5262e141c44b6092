# Run by bash inside a root with a kernel, its headers and package sources: leaves in /lab what the machine boots.
set -euo pipefail

DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends zfs-dkms \
  </dev/null >/var/log/zfs-dkms 2>&1 || {
  tail -n 40 /var/log/zfs-dkms >&2
  exit 1
}
modules=(/lib/modules/*)
version=${modules[0]##*/}
[[ -e ${modules[0]}/updates/dkms/zfs.ko ]] || { printf 'no zfs.ko for %s\n' "$version" >&2; exit 1; }
mkdir /lab

# unpacking the kernel costs an emulated machine seconds: hand over its payload, found as the boot protocol says
image=/boot/vmlinuz-$version
number() { od -An -t"u$2" -j "$1" -N "$2" "$image" | tr -d ' '; }
start=$((($(number 497 1) + 1) * 512 + $(number 584 4)))
# behind the payload stand four bytes with its size
size=$(($(number 588 4) - 4))
head -c "$((start + size))" "$image" | tail -c "$size" | lz4 -dc >/lab/vmlinux

# hardware that an emulated machine does not have
(cd "${modules[0]}/kernel" && rm -rf sound drivers/{gpu,infiniband,media,usb,iio,input,hid} net/{bluetooth,wireless,mac80211})
rm -f "${modules[0]}"/{build,source}
depmod "$version"
tar -C / -cf /lab/modules.tar --owner=0 --group=0 "lib/modules/$version"

# enough to find the disk
mkdir -p /tmp/initrd/{bin,dev,new,proc,modules}
cp /bin/busybox /tmp/initrd/bin/busybox
modprobe --set-version "$version" --show-depends --all virtio_pci virtio_blk | while read -r verb path _; do
  [[ $verb == insmod ]] || continue
  cp "$path" /tmp/initrd/modules/
  [[ -s /tmp/initrd/order ]] && grep -qxF "${path##*/}" /tmp/initrd/order || printf '%s\n' "${path##*/}" >>/tmp/initrd/order
done
cat >/tmp/initrd/init <<'INIT'
#!/bin/busybox sh
busybox mount -t devtmpfs dev /dev
for module in $(busybox cat /order); do busybox insmod "/modules/$module"; done
until busybox mount -t ext4 /dev/vda /new 2>/dev/null; do busybox usleep 10000; done
busybox mount --move /dev /new/dev
exec busybox switch_root /new /sbin/init
INIT
chmod 0755 /tmp/initrd/init
(cd /tmp/initrd && find . | cpio --quiet -o -H newc >/lab/initrd)
