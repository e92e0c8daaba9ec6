/* The one program: finds the command, nothing else. */
#include "stages/command/command.h"

int main(int argc, char **argv)
{
    return mr_command_main(argc, argv);
}
