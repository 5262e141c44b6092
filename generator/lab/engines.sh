# Run by bash inside a base root after base.sh: Docker and Podman that need nothing of the machine but its kernel.
set -euo pipefail

# an overlay cannot lie on an overlay, so images are plain copies; the host's network is nobody's business
mkdir -p /etc/docker /etc/containers
printf '{"iptables": false, "ip6tables": false, "bridge": "none", "storage-driver": "vfs"}\n' >/etc/docker/daemon.json
printf '[engine]\ncgroup_manager="cgroupfs"\nevents_logger="file"\n[containers]\nnetns="none"\npids_limit=0\n' \
  >/etc/containers/containers.conf
printf '[storage]\ndriver="vfs"\nrunroot="/run/containers/storage"\ngraphroot="/var/lib/containers/storage"\n' \
  >/etc/containers/storage.conf

# the start script mounts control groups of version 1 unless this file says that they are taken care of
printf 'cgroup2 /sys/fs/cgroup cgroup2 defaults 0 0\n' >/etc/fstab
# and it gives up where the machine does not let it raise its limits
sed -i 's/ulimit -[nup] .*/& || :/' /etc/init.d/docker

# gluster takes this as its identity; each host makes its own
rm -f /var/lib/glusterd/glusterd.info
# glusterd asks geo-replication, if there is any, for its settings: a second of Python
rm /usr/lib/*/glusterfs/gsyncd

rm -rf /usr/share/doc/* /usr/share/man/* /usr/share/locale/*
