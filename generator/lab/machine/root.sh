# Run by bash inside the root of the emulated machine: what differs from a fresh installation.
set -euo pipefail

rm -f /etc/ssh/ssh_host_*
printf 'HostKey /etc/ssh/ssh_host_ed25519_key\nUseDNS no\n' >/etc/ssh/sshd_config.d/lab.conf
printf '/dev/vda / ext4 defaults 0 0\n' >/etc/fstab
depmod "$(ls /lib/modules)"
rm -f /etc/cron.daily/* /etc/cron.d/*

# daemons run when a test starts them; what would use the processor in between never does
systemctl disable --quiet ssh cron glusterd docker docker.socket containerd getty@tty1
systemctl mask --quiet apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap \
  fstrim.timer logrotate.timer systemd-timesyncd getty@tty1 serial-getty@ttyS0 zfs-volume-wait rpcbind rpcbind.socket \
  dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount sys-kernel-tracing.mount systemd-binfmt \
  proc-sys-fs-binfmt_misc.automount modprobe@efi_pstore modprobe@drm systemd-pstore
systemctl set-default --quiet multi-user.target
# glusterd asks geo-replication, if there is any, for its settings: half a minute of Python in an emulated machine
rm /usr/lib/*/glusterfs/gsyncd
printf '{"iptables": false, "ip6tables": false, "bridge": "none"}\n' >/etc/docker/daemon.json

# the lab's own way in: a network card and an sshd that no test has to do with, also by name
mkdir -m 0700 /etc/lab
ssh-keygen -q -t ed25519 -N '' -C lab -f /etc/lab/host_key
ssh-keygen -q -t ed25519 -N '' -C lab -f /etc/lab/key
mv /etc/lab/key.pub /etc/lab/authorized_keys
cp /usr/sbin/sshd /usr/sbin/lab-sshd
cat >/etc/lab/sshd_config <<'CONFIG'
Port 2200
ListenAddress 10.0.2.15
HostKey /etc/lab/host_key
AuthorizedKeysFile /etc/lab/authorized_keys
PermitRootLogin yes
PasswordAuthentication no
UsePAM no
UseDNS no
PrintMotd no
PrintLastLog no
MaxSessions 500
MaxStartups 100
PidFile none
CONFIG
cat >/etc/lab/network <<'NETWORK'
#!/bin/sh
# eth1 is the lab's; eth0 is on the wire as soon as the lab has said where
set -eu
ip link set lo up
modprobe virtio_net
until [ -e /sys/class/net/eth1 ]; do sleep 0.1; done
ip address replace 10.0.2.15/24 dev eth1
ip link set eth1 up
[ -e /etc/lab/interface ] || exit 0
read -r hardware interface </etc/lab/interface
ip link set eth0 down
ip address flush dev eth0
ip link set eth0 address "$hardware"
ip address replace "$interface" dev eth0
ip link set eth0 up
NETWORK
chmod 0755 /etc/lab/network
cat >/etc/systemd/system/lab-network.service <<'UNIT'
[Unit]
DefaultDependencies=no
After=systemd-remount-fs.service
Wants=network.target
Before=network.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/etc/lab/network
[Install]
WantedBy=multi-user.target
UNIT
cat >/etc/systemd/system/lab-sshd.service <<'UNIT'
[Unit]
DefaultDependencies=no
After=lab-network.service
Requires=lab-network.service
[Service]
ExecStartPre=/bin/mkdir -p /run/sshd
ExecStart=/usr/sbin/lab-sshd -D -f /etc/lab/sshd_config
KillMode=process
Restart=always
[Install]
WantedBy=multi-user.target
UNIT
systemctl enable --quiet lab-network lab-sshd

# a machine that is emulated on a busy one takes its time
mkdir -p /etc/systemd/system.conf.d
printf '[Manager]\nDefaultTimeoutStartSec=600s\nDefaultDeviceTimeoutSec=600s\n' >/etc/systemd/system.conf.d/lab.conf

# mail ends in a directory where a test can read it: one file a message
mkdir -p /var/mail/lab
chmod 1777 /var/mail/lab
printf '#!/bin/sh\nexec cat >"$(mktemp /var/mail/lab/XXXXXXXX)"\n' >/usr/sbin/sendmail
chmod 0755 /usr/sbin/sendmail

rm -rf /usr/share/doc/* /usr/share/man/* /usr/share/locale/* /var/lib/apt/lists/* /var/cache/apt/*.bin
