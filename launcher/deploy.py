"""`python -m launcher.deploy`; the function of this name is `from launcher import deploy`."""

from launcher.endpoint_commands import deploy_command

if __name__ == "__main__":
    deploy_command()
