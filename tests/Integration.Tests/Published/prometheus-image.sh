#!/bin/sh
# Lays out the root of an image with this machine's own Prometheus and the libraries it needs, to be started as the official image is. Nothing is pulled.
#   prometheus-image.sh DIRECTORY
set -eu
root=$1
program=$(command -v prometheus)
mkdir -p "$root/usr/bin" "$root/tmp"
cp -L "$program" "$root/usr/bin/prometheus"
for library in $(ldd "$program" 2>/dev/null | sed -n 's/.* => \(\/[^ ]*\) .*/\1/p; s/^\t\(\/[^ ]*\) .*/\1/p' | sort -u); do
  cp -L --parents "$library" "$root"
done
cat >"$root.Dockerfile" <<'END'
FROM scratch
COPY . /
ENTRYPOINT ["/usr/bin/prometheus", "--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"]
END
