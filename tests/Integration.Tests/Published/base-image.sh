#!/bin/sh
# Lays out the root of an image with the ASP.NET Core runtime, out of what this machine has: its dotnet and the libraries that needs. Nothing is pulled.
#   base-image.sh DOTNET_ROOT DIRECTORY
set -eu
dotnet=$1 root=$2
framework=$(ls -d "$dotnet"/shared/Microsoft.NETCore.App/10.* | sort -V | tail -1)
web=$(ls -d "$dotnet"/shared/Microsoft.AspNetCore.App/10.* | sort -V | tail -1)
mkdir -p "$root/usr/share/dotnet/shared/Microsoft.NETCore.App" "$root/usr/share/dotnet/shared/Microsoft.AspNetCore.App" "$root/tmp"
cp "$dotnet/dotnet" "$root/usr/share/dotnet/"
cp -r "$dotnet/host" "$root/usr/share/dotnet/"
cp -r "$framework" "$root/usr/share/dotnet/shared/Microsoft.NETCore.App/"
cp -r "$web" "$root/usr/share/dotnet/shared/Microsoft.AspNetCore.App/"
# OpenSSL is loaded by name while running, so that nothing lists it.
openssl=$(ldconfig -p | sed -n 's/.* => \(.*lib\(ssl\|crypto\)\.so\.[0-9]*\)$/\1/p')
for library in $(ldd "$dotnet/dotnet" "$framework"/*.so $openssl 2>/dev/null | sed -n 's/.* => \(\/[^ ]*\) .*/\1/p; s/^\t\(\/[^ ]*\) .*/\1/p' | sort -u) $openssl; do
  case $library in "$dotnet"/*) continue ;; esac
  cp -L --parents "$library" "$root"
done
printf 'FROM scratch\nCOPY . /\nENV DOTNET_ROOT=/usr/share/dotnet\n' > "$root.Dockerfile"
