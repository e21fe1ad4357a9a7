# Two images: `--target serve` only answers, without TensorFlow; the last stage trains and serves.
ARG BASE=python:3.13-slim-trixie

FROM ${BASE} AS base
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1
# The official image brings no bytecode, and where the file system is read-only none can be kept.
RUN python -m compileall -q -j 0 -x '/(test|tests|idlelib|site-packages|dist-packages)/' \
    "$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')"

# The project's code, copied rather than installed: no build tools, and a change of it takes seconds.
FROM base AS code
ARG VERSION=0.1.0
COPY container /opt/program/container
COPY inference /opt/program/inference
COPY music /opt/program/music
COPY training /opt/program/training
WORKDIR /opt/program
RUN if grep -rlI "$(printf '\r')" .; then \
        echo 'These files have CR LF line ends: git add --renormalize . && git checkout .' >&2; exit 1; \
    fi
RUN mv container/bin /opt/bin && chmod 755 /opt/bin/* && rm container/*.lock \
    && mkdir "accompanist-$VERSION.dist-info" \
    && printf 'Metadata-Version: 2.1\nName: accompanist\nVersion: %s\n' "$VERSION" \
        > "accompanist-$VERSION.dist-info/METADATA" \
    && python -m compileall -q --invalidation-mode unchecked-hash . \
    && chmod -R a+rX .

FROM base AS serve-packages
ARG PIP_INDEX_URL=https://pypi.org/simple
RUN python -m venv --without-pip /opt/venv \
    && python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' > /tmp/purelib \
    && echo /opt/program > "$(cat /tmp/purelib)/accompanist.pth"
COPY container/serve.lock /tmp/
RUN pip --python /opt/venv/bin/python install --no-cache-dir --no-compile --require-hashes --no-deps \
        -r /tmp/serve.lock \
    && python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/venv

FROM base AS serve
COPY --from=serve-packages /opt/venv /opt/venv
COPY --from=code /opt/bin/serve /usr/local/bin/
COPY --from=code /opt/program /opt/program
ENTRYPOINT ["/opt/venv/bin/python", "-P", "-m", "container"]
CMD ["serve"]
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL com.amazonaws.sagemaker.capabilities.accept-bind-to-port=true \
    org.opencontainers.image.title=accompanist \
    org.opencontainers.image.description="Answers a melody with the other voices." \
    org.opencontainers.image.licenses=MIT-0 \
    org.opencontainers.image.version=$VERSION \
    org.opencontainers.image.revision=$REVISION

FROM serve-packages AS train-packages
ARG ACCELERATOR=cpu
COPY container/train-${ACCELERATOR}.lock /tmp/train.lock
RUN pip --python /opt/venv/bin/python install --no-cache-dir --no-compile --require-hashes --no-deps \
        -r /tmp/train.lock \
    && python -m ensurepip --default-pip \
    && python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/venv

FROM base AS train
COPY --from=train-packages /opt/venv /opt/venv
COPY --from=code /opt/bin /usr/local/bin/
COPY --from=code /opt/program /opt/program
# Where the home folder cannot be written to, matplotlib warns; NVIDIA's runtime asks for the others.
ENV MPLCONFIGDIR=/tmp/matplotlib NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
ENTRYPOINT ["/opt/venv/bin/python", "-P", "-m", "container"]
CMD ["train"]
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL com.amazonaws.sagemaker.capabilities.accept-bind-to-port=true \
    org.opencontainers.image.title=accompanist \
    org.opencontainers.image.description="Trains an accompanist, and answers a melody with the other voices." \
    org.opencontainers.image.licenses=MIT-0 \
    org.opencontainers.image.version=$VERSION \
    org.opencontainers.image.revision=$REVISION
