# fathom-export as an image. Build: docker build --build-arg REGISTRY=... -t registry.example/fathom-export:0.1.0 .
#
# REGISTRY is the host of the registry that serves the official images, or of your mirror of it. For a build that can be
# repeated, name both images by digest: --build-arg RUNTIME_IMAGE=library/eclipse-temurin@sha256:...
#
# It reads /data/conf and /data/pipelines (those of the repository, unless others are mounted there), writes Parquet
# files where the settings say, relative to /data, and spills large windows to /tmp. Secrets are mounted as files.

ARG REGISTRY
ARG BUILD_IMAGE=library/maven:3-eclipse-temurin-17
ARG RUNTIME_IMAGE=library/eclipse-temurin:17-jre

FROM ${REGISTRY}/${BUILD_IMAGE} AS build
WORKDIR /build
COPY pom.xml ./
COPY sql sql
COPY pipelines pipelines
COPY src/main src/main
# Checks and tests belong to mvn verify.
RUN mvn -B -q -Dmaven.test.skip=true -Dspotless.check.skip=true -Denforcer.skip=true package

FROM ${REGISTRY}/${RUNTIME_IMAGE}
# Any other user id works, too: nothing below is written at run time.
RUN groupadd --gid 10001 fathom && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data fathom \
 && mkdir -p /data/warehouse && chown 10001:10001 /data/warehouse
WORKDIR /opt/fathom-export
COPY --from=build /build/target/lib target/lib
COPY --from=build /build/target/fathom-export.jar target/
COPY fathom-export LICENSE ./
COPY conf/fathom-export.yaml conf/*.schema.json /data/conf/
COPY pipelines /data/pipelines
WORKDIR /data
# Leaves an archive of class data beside the jar, which halves the time to start.
RUN /opt/fathom-export/fathom-export validate
USER 10001:10001
ENTRYPOINT ["/opt/fathom-export/fathom-export"]
CMD ["--help"]
