# Run by bash inside the new base root: turns a fresh installation into what every host starts from.
set -euo pipefail

# every host has keys and an identity of its own
rm -f /etc/ssh/ssh_host_* /etc/machine-id
printf 'HostKey /etc/ssh/ssh_host_ed25519_key\nUseDNS no\n' >/etc/ssh/sshd_config.d/lab.conf

# cron's own daily jobs would make the days of a test differ
rm -f /etc/cron.daily/* /etc/cron.d/*

# a small database, so that a host's disk is quickly copied
printf '[mariadbd]\ninnodb_log_file_size=4M\ninnodb_buffer_pool_size=16M\nskip-networking\n' \
  >/etc/mysql/mariadb.conf.d/99-lab.cnf
rm -rf /var/lib/mysql
mariadb-install-db --user=mysql --auth-root-authentication-method=socket --skip-test-db --force </dev/null >/dev/null

# mail ends in a directory where a test can read it: one file a message
mkdir -p /var/mail/lab
chmod 1777 /var/mail/lab
printf '#!/bin/sh\nexec cat >"$(mktemp /var/mail/lab/XXXXXXXX)"\n' >/usr/sbin/sendmail
chmod 0755 /usr/sbin/sendmail

rm -rf /usr/share/doc/* /usr/share/man/* /usr/share/locale/* /var/lib/apt/lists/* /var/cache/apt/*.bin
