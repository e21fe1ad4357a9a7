# Two images: the last stage trains and serves; `--target serve` only serves, without TensorFlow.
# It builds with BuildKit and with the builder before it, and needs no network but a package index.
ARG BASE=python:3.13-slim-trixie

FROM ${BASE} AS base
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1
# The official image brings no bytecode, and a read-only file system keeps none.
RUN python -m compileall -q -j 0 -x '/(test|tests|idlelib|site-packages|dist-packages)/' \
    "$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')"

# The code is copied, not installed: that takes no build tools, and a change of it takes seconds.
FROM base AS code
WORKDIR /opt/program
COPY container container
COPY inference inference
COPY music music
COPY training training
RUN ! grep -rlI "$(printf '\r')" . || { \
        echo 'These files have line ends of Windows: run git add --renormalize . and commit.'; exit 1; }
ARG VERSION=0.1.0
RUN mv container/bin /opt/bin && chmod 755 /opt/bin/* && rm container/*.lock \
    && mkdir "accompanist-$VERSION.dist-info" \
    && printf 'Metadata-Version: 2.1\nName: accompanist\nVersion: %s\n' "$VERSION" \
        > "accompanist-$VERSION.dist-info/METADATA" \
    && python -m compileall -q --invalidation-mode unchecked-hash . \
    && chmod -R a+rX .

FROM base AS serve-packages
RUN python -m venv --without-pip /opt/venv \
    && echo /opt/program > "$(echo /opt/venv/lib/python3.*/site-packages)/accompanist.pth"
# What an index asks for stays in this stage. Whatever it answers has to have the locked hashes.
ARG PIP_INDEX_URL=https://pypi.org/simple
COPY container/serve.lock /tmp/
RUN pip --python /opt/venv/bin/python install --no-cache-dir --no-compile --no-deps --require-hashes \
        -r /tmp/serve.lock \
    && cd /opt/venv/lib/python3.*/site-packages \
    && find . -type d -name tests -prune -exec rm -r {} + \
    && python -m compileall -q -j 0 --invalidation-mode unchecked-hash .

FROM serve-packages AS train-packages
ARG ACCELERATOR=cpu
COPY container/train-${ACCELERATOR}.lock /tmp/train.lock
# TensorFlow's headers, a compiler that it never loads and the tests of libraries are 0.4 GB.
RUN pip --python /opt/venv/bin/python install --no-cache-dir --no-compile --no-deps --require-hashes \
        -r /tmp/train.lock \
    && cd /opt/venv/lib/python3.*/site-packages \
    && rm -r tensorflow/include clang/native \
    && find . -type d -name tests -prune -exec rm -r {} + \
    && python -m ensurepip --default-pip \
    && python -m compileall -q -j 0 --invalidation-mode unchecked-hash .

FROM base AS image
ARG VERSION=0.1.0
LABEL com.amazonaws.sagemaker.capabilities.accept-bind-to-port=true \
    org.opencontainers.image.title=accompanist \
    org.opencontainers.image.licenses=MIT-0 \
    org.opencontainers.image.version=$VERSION
ENTRYPOINT ["/opt/venv/bin/python", "-P", "-m", "container"]

FROM image AS serve
COPY --from=serve-packages /opt/venv /opt/venv
COPY --from=code /opt/bin/serve /usr/local/bin/
COPY --from=code /opt/program /opt/program
CMD ["serve"]
ARG REVISION=unknown
LABEL org.opencontainers.image.description="Answers a melody with the other voices." \
    org.opencontainers.image.revision=$REVISION

FROM image AS train
# Caches go where anyone can write. NVIDIA's runtime shows its devices to who asks for them.
ENV MPLCONFIGDIR=/tmp/matplotlib KERAS_HOME=/tmp/keras \
    NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
COPY --from=train-packages /opt/venv /opt/venv
COPY --from=code /opt/bin /usr/local/bin/
COPY --from=code /opt/program /opt/program
CMD ["train"]
ARG REVISION=unknown
LABEL org.opencontainers.image.description="Trains who answers a melody with the other voices, and answers." \
    org.opencontainers.image.revision=$REVISION
