# The controller's image: the program, the shared libraries it needs, CA certificates and tzdata.
# No shell, no package manager, no writable directory; runs as uid 65532.
#
#   docker build --build-arg COMMIT=$(git rev-parse --short=12 HEAD) -t podcron .
#   tests/image/build.sh        the same without a container engine, with checks
FROM debian:bookworm AS build

# The compiler and the libraries that the programs link; the tests' are in tools/deps. Versions are
# whatever the distribution's stable release and its security updates have.
# hadolint ignore=DL3008
RUN apt-get update --quiet=2 \
 && DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet=2 --no-install-recommends \
      build-essential cmake ninja-build ca-certificates tzdata \
      libcpprest-dev libssl-dev nlohmann-json3-dev libsimdjson-dev libyaml-cpp-dev \
      prometheus-cpp-dev libcctz-dev libfmt-dev libexpected-dev libcli11-dev \
 && rm -rf /var/lib/apt/lists/*

WORKDIR /podcron
COPY . .
# The work tree's history stays outside, so whoever builds says which commit this is.
ARG COMMIT=""
RUN cmake --preset release -DPODCRON_BENCH=OFF -DPODCRON_COMMIT="$COMMIT" \
 && cmake --build --preset release --target podcron

# The whole root of the image. Libraries go where the program's loader looks for them; `cp --parents`
# keeps their paths and -L resolves the links of Debian's merged /usr.
RUN mkdir -p /root-of-image/usr/bin /root-of-image/usr/lib/ssl /root-of-image/etc/ssl/certs \
      /root-of-image/usr/share \
 && strip --strip-unneeded -o /root-of-image/usr/bin/podcron build/release/podcron \
 && ldd build/release/podcron > libraries \
 && ! grep 'not found' libraries \
 && grep -o '/[^ ]*' libraries > paths \
 && xargs -I{} cp -L --parents {} /root-of-image < paths \
# The certificates twice by name: the usual place, and where OpenSSL looks without being told.
 && cp /etc/ssl/certs/ca-certificates.crt /root-of-image/etc/ssl/certs/ \
 && ln -s /etc/ssl/certs/ca-certificates.crt /root-of-image/usr/lib/ssl/cert.pem \
# tzdata without the further copies of every zone that some releases ship for other uses.
 && cp -a /usr/share/zoneinfo /root-of-image/usr/share/ \
 && rm -rf /root-of-image/usr/share/zoneinfo/posix /root-of-image/usr/share/zoneinfo/right \
# Names for the uid, and host names from the hosts file before DNS.
 && echo 'podcron:x:65532:65532:podcron:/:/sbin/nologin' > /root-of-image/etc/passwd \
 && echo 'podcron:x:65532:' > /root-of-image/etc/group \
 && echo 'hosts: files dns' > /root-of-image/etc/nsswitch.conf \
# Nothing in it may be written, and nothing in it depends on when it was built.
 && chmod -R a-w /root-of-image \
 && find /root-of-image -exec touch --no-dereference --date=@0 {} +

FROM scratch
COPY --from=build /root-of-image/ /
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/usr/bin/podcron"]
LABEL org.opencontainers.image.title="podcron" \
      org.opencontainers.image.description="Cron jobs inside the pods that already serve your app"
