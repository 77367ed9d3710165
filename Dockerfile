# pregao in a container: docker build -t pregao . && docker run -p 127.0.0.1:8686:8686 -v pregao-data:/var/lib/pregao/data pregao
FROM debian:12-slim AS build
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
# Debian stable changes a version to mend it, so none is pinned; what else is fetched is pinned in setup/versions.env.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends make && rm -rf /var/lib/apt/lists/*
WORKDIR /src
# The libraries first: they change seldom.
COPY Makefile ./
COPY setup setup
COPY src/web/app/package.json src/web/app/package-lock.json src/web/app/.npmrc src/web/app/
RUN make deps
COPY . .
RUN make install DESTDIR=/out PREFIX=/usr && \
    install -d /out/usr/share/pregao && \
    setup/runtime_packages.sh /out/usr/bin/pregao >/out/usr/share/pregao/runtime-packages

FROM debian:12-slim
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
COPY --from=build /out /
COPY --from=build /src/carteira.txt /var/lib/pregao/carteira.txt
# hadolint ignore=DL3008
RUN apt-get update && \
    xargs apt-get install -y --no-install-recommends ca-certificates </usr/share/pregao/runtime-packages && \
    rm -rf /var/lib/apt/lists/* && \
    useradd --system --uid 10001 --user-group --home-dir /var/lib/pregao --shell /usr/sbin/nologin pregao && \
    install -d -o pregao -g pregao /var/lib/pregao/data && \
    pregao --version
USER 10001:10001
WORKDIR /var/lib/pregao
ENV PREGAO_WEB_LISTEN=:8686 PREGAO_LOG_FORMAT=json
EXPOSE 8686
# Topic and lake; the container itself may be read-only.
VOLUME /var/lib/pregao/data
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["pregao", "doctor", "--ask", "healthz"]
ENTRYPOINT ["pregao"]
CMD ["run"]
