# The service in a container: Node 24, a user without rights, no build tools. See docs/deployment.md.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY src src
COPY workers workers
COPY dashboard dashboard
COPY docs/runbook docs/runbook
RUN npm run build

FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# No package needs its install script here: native modules come prebuilt.
RUN npm ci --omit=dev --ignore-scripts

FROM node:24-bookworm-slim
# The RocksDB binding is linked against libatomic, which slim images leave out. tini passes signals on and reaps.
RUN apt-get update \
 && apt-get install -y --no-install-recommends libatomic1 tini \
 && rm -rf /var/lib/apt/lists/*
# Volumes that are mounted here for the first time take over these owners.
RUN groupadd --system --gid 10001 provchain \
 && useradd --system --uid 10001 --gid provchain --home-dir /var/lib/provchain --shell /usr/sbin/nologin provchain \
 && install -d -o provchain -g provchain -m 0750 /var/lib/provchain /var/lib/provchain/data \
      /var/lib/provchain/state /var/lib/provchain/users /var/log/provchain \
 && install -d -m 0755 /etc/provchain
ENV NODE_ENV=production
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist/src dist/src
COPY --from=build /app/dist/workers dist/workers
COPY --from=build /app/dist/dashboard dist/dashboard
COPY package.json LICENSE ./
COPY config config
COPY deploy/healthcheck.mjs ./
RUN chmod 0755 dist/src/cli/main.js && ln -s /app/dist/src/cli/main.js /usr/local/bin/provchain
USER provchain
# A missing library fails the build, not the first start.
RUN node --input-type=module --eval "await import('rocksdb-native'); await import('@node-rs/argon2')"
# REST, and metrics on a port of their own.
EXPOSE 8080 9090
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 CMD ["node", "/app/healthcheck.mjs"]
ENTRYPOINT ["tini", "--", "provchain"]
CMD ["serve", "--config", "/etc/provchain/config.toml"]
