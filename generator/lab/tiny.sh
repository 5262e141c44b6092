# Run by bash inside a base root with busybox: the image of all containers.
set -euo pipefail

# what every container starts from, without any registry
mkdir -p /usr/local/share/lab/tiny/bin
cp /bin/busybox /usr/local/share/lab/tiny/bin/busybox
for name in sh cat date mkdir mv rm sleep sync; do
  ln -s busybox "/usr/local/share/lab/tiny/bin/$name"
done
tar -C /usr/local/share/lab/tiny -cf /usr/local/share/lab/tiny.tar .
rm -r /usr/local/share/lab/tiny
