# The same commands as on any machine, then only what runs. Node's major version is that of package.json's `node`.
FROM node:26-slim AS build
WORKDIR /shunt
COPY package.json package-lock.json tsconfig.json tsconfig.build.json ./
COPY protos protos
COPY src src
RUN npm ci

FROM node:26-slim AS dependencies
WORKDIR /shunt
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts

FROM node:26-slim
ENV NODE_ENV=production
WORKDIR /shunt
COPY --from=dependencies /shunt/node_modules node_modules
COPY --from=build /shunt/dist dist
COPY package.json ./
COPY protos protos
USER node
# In a container, loopback reaches nobody.
ENV SHUNT_XDS=0.0.0.0:18000 SHUNT_ADMIN=0.0.0.0:19000
EXPOSE 18000 19000
ENTRYPOINT ["node", "dist/main.js"]
CMD ["serve", "--kubernetes"]
