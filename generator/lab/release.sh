# Run by bash beside a new base root, with its path and its suite: the rsync that the release came with, for hosts that
# have not got the security updates. Where there are none it is the same one.
set -euo pipefail
export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
mkdir "$1/usr/local/lib/release"
cd "$1/usr/local/lib/release"
apt-get download --quiet --quiet "rsync/$2"
dpkg-deb --fsys-tarfile rsync_*.deb | tar -x --strip-components=3 ./usr/bin/rsync
rm rsync_*.deb
chroot "$1" /usr/local/lib/release/rsync --version >/dev/null
