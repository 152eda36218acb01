# The same commands as on any machine, then only what runs. Node's version is that of package.json's `node`. Pinned by its exact
# tag: where a registry's tags may change, write the digest that your registry tells behind it (node:26.10.0-slim@sha256:…).
FROM node:26.10.0-slim AS build
WORKDIR /shunt
COPY package.json package-lock.json tsconfig.json tsconfig.build.json ./
COPY protos protos
COPY src src
RUN npm ci

FROM node:26.10.0-slim AS dependencies
WORKDIR /shunt
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts

FROM node:26.10.0-slim
ENV NODE_ENV=production
WORKDIR /shunt
COPY --from=dependencies /shunt/node_modules node_modules
COPY --from=build /shunt/dist dist
COPY package.json ./
COPY protos protos
COPY envoy envoy
# The user "node", by its number: a cluster cannot tell of a name whether it is root.
USER 1000:1000

# In a container, loopback reaches nobody. On other addresses `shunt serve` starts only if told how far to trust the network:
#   -e SHUNT_XDS_CERT=/etc/shunt/tls/tls.crt -e SHUNT_XDS_KEY=/etc/shunt/tls/tls.key   TLS, with the certificate mounted there
#   -e SHUNT_XDS_CA=/etc/shunt/tls/ca.crt                                              and mutual TLS
#   -e SHUNT_XDS_PLAINTEXT=on                                                          neither
ENV SHUNT_XDS=0.0.0.0:18000 SHUNT_ADMIN=0.0.0.0:19000
EXPOSE 18000 19000
ENTRYPOINT ["node", "dist/main.js"]
CMD ["serve", "--kubernetes"]
